"""The blocks that BlazeFace is made of, and the numbering of its layers (zoo-spec 2.5).

Each block creates its layers in the order of the old code (depthwise, pointwise, then
the shortcut), since their numbers are their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from harness.model.networks.ops import BatchNormNames, Ops

T = TypeVar("T")


class NumberedLayers(Generic[T]):
    """Convolutions and normalisations, numbered as the old runtime numbers them.

    Args:
        ops: what runs the network.
        width: channel multiplier.
        numbers_depthwise: depthwise convolutions count among the convolutions.
    """

    def __init__(self, ops: Ops[T], *, width: float, numbers_depthwise: bool) -> None:
        self.ops = ops
        self._width = width
        self._numbers_depthwise = numbers_depthwise
        self._convolutions = 0
        self._batch_norms = 0

    def conv_bn(
        self,
        x: T,
        name: str,
        *,
        out: int,
        kernel: int,
        stride: int = 1,
        depthwise: bool = False,
    ) -> T:
        """Convolve to ``out`` channels (at width 1) and normalise; no activation."""
        if self._numbers_depthwise or not depthwise:
            self._convolutions += 1
        x = self.ops.conv(
            x,
            f"{name}_weights",
            out=int(out * self._width),
            kernel=kernel,
            stride=stride,
            depthwise=depthwise,
        )
        stem = f"batch_norm_{self._batch_norms}"
        self._batch_norms += 1
        return self.ops.batch_norm(
            x,
            BatchNormNames(
                scale=f"{stem}.w_0",
                offset=f"{stem}.b_0",
                mean=f"{stem}.w_1",
                variance=f"{stem}.w_2",
            ),
        )

    def output(self, x: T, channels: int) -> T:
        """Convolve 3 x 3 with bias, the name a number too; the width does not count."""
        stem = f"conv2d_{self._convolutions}"
        self._convolutions += 1
        return self.ops.conv(
            x, f"{stem}.w_0", out=channels, kernel=3, bias=f"{stem}.b_0"
        )

    def shortcut(self, x: T, name: str, *, out: int, stride: int) -> T:
        """Bring a block's input to the shape of its output."""
        if stride > 1:
            x = self.ops.max_pool(x, kernel=2, stride=stride, ceil_mode=True)
        return self.ops.relu(self.conv_bn(x, f"shortcut{name}", out=out, kernel=1))


class Block(Protocol):
    """A block: a name, and what it does to a feature map."""

    @property
    def name(self) -> str:
        """Return the first part of the names of its weights."""
        ...

    def run(self, layers: NumberedLayers[T], x: T) -> T:
        """Return the block's output."""
        ...


@dataclass(frozen=True, slots=True)
class SingleBlock:
    """Depthwise 5 x 5, pointwise without activation, the input added, ReLU."""

    name: str
    channels: int
    out: int
    stride: int = 1

    def run(self, layers: NumberedLayers[T], x: T) -> T:
        """Return the block's output."""
        ops = layers.ops
        y = layers.conv_bn(
            x,
            f"{self.name}1_dw",
            out=self.channels,
            kernel=5,
            stride=self.stride,
            depthwise=True,
        )
        y = ops.relu(y)
        y = layers.conv_bn(y, f"{self.name}1_sep", out=self.out, kernel=1)
        if self.stride > 1:
            x = layers.shortcut(x, self.name, out=self.out, stride=self.stride)
        return ops.relu(ops.add(x, y))


@dataclass(frozen=True, slots=True)
class DoubleBlock:
    """Two pairs of 5 x 5 and 1 x 1, each with ReLU, the input added, ReLU."""

    name: str
    channels: int
    out: int
    stride: int = 1
    middle: int = 24  # channels between the pairs

    def run(self, layers: NumberedLayers[T], x: T) -> T:
        """Return the block's output."""
        ops = layers.ops
        y = layers.conv_bn(
            x,
            f"{self.name}1_dw",
            out=self.channels,
            kernel=5,
            stride=self.stride,
            depthwise=True,
        )
        y = ops.relu(y)
        y = layers.conv_bn(y, f"{self.name}1_sep", out=self.middle, kernel=1)
        y = ops.relu(y)
        # full, whatever its name says: the published weights are [24, 24, 5, 5]
        y = layers.conv_bn(y, f"{self.name}2_dw", out=self.middle, kernel=5)
        y = ops.relu(y)
        y = layers.conv_bn(y, f"{self.name}2_sep", out=self.out, kernel=1)
        y = ops.relu(y)  # here too, unlike the single block
        if self.stride > 1:
            x = layers.shortcut(x, self.name, out=self.out, stride=self.stride)
        return ops.relu(ops.add(x, y))


@dataclass(frozen=True, slots=True)
class LiteBlock:
    """Depthwise 3 x 3 and pointwise, each with ReLU, the input added, ReLU."""

    name: str
    channels: int
    out: int
    stride: int = 1

    def run(self, layers: NumberedLayers[T], x: T) -> T:
        """Return the block's output."""
        ops = layers.ops
        y = layers.conv_bn(
            x,
            f"{self.name}_dw",
            out=self.channels,
            kernel=3,
            stride=self.stride,
            depthwise=True,
        )
        y = ops.relu(y)
        y = layers.conv_bn(y, f"{self.name}_sep", out=self.out, kernel=1)
        y = ops.relu(y)
        # asked at full width: narrow blocks may round to the same number of channels
        if self.channels != self.out:
            x = layers.shortcut(x, self.name, out=self.out, stride=self.stride)
        return ops.relu(ops.add(x, y))
