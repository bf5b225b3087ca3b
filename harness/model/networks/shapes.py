"""Counts the variables and multiply-adds of a network, without a framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from harness.model.networks.ops import STEERING_CHANNELS, BatchNormNames


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature map: its channels, and its side as a share of the input's."""

    channels: int
    scale: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One persistable variable of the evaluation program."""

    name: str
    shape: tuple[int, ...]
    is_trained: bool  # gets a gradient: everything but running mean and variance


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShapes:
    """The variables of a network, in creation order, and what it costs.

    Published figures leave deformable convolutions out, so they are counted apart; the
    true cost is the sum of both.  # zoo-spec 4.2
    """

    variables: dict[str, Variable]
    multiply_adds_per_px: Fraction  # of input area; plain convolutions alone
    deformable_multiply_adds_per_px: Fraction = Fraction(0)  # likewise

    @property
    def elements(self) -> int:
        """Return the number of values in all variables together."""
        total = 0
        for one in self.variables.values():
            count = 1
            for side in one.shape:
                count *= side
            total += count
        return total

    def multiply_adds(self, input_px: int) -> int:
        """Return the multiply-adds as published: those of plain convolutions."""
        return int(self.multiply_adds_per_px * input_px * input_px)

    def deformable_multiply_adds(self, input_px: int) -> int:
        """Return the multiply-adds that published figures leave out.

        Finding the value at a moved point is not counted, as no published figure of
        any convolution counts reading its input.
        """
        return int(self.deformable_multiply_adds_per_px * input_px * input_px)


@dataclass(slots=True)
class ShapeOps:
    """Runs a network on shapes alone."""

    variables: dict[str, Variable] = field(default_factory=dict)
    multiply_adds_per_px: Fraction = Fraction(0)
    deformable_multiply_adds_per_px: Fraction = Fraction(0)

    def conv(
        self,
        x: Feature,
        weights: str,
        *,
        out: int,
        kernel: int,
        stride: int = 1,
        depthwise: bool = False,
        bias: str | None = None,
    ) -> Feature:
        """Note the weights ``[O, I, k, k]`` and the work."""
        fan = 1 if depthwise else x.channels
        self._note(weights, (out, fan, kernel, kernel))
        if bias is not None:
            self._note(bias, (out,))
        scale = x.scale / stride
        self.multiply_adds_per_px += out * fan * kernel * kernel * scale * scale
        return Feature(out, scale)

    def batch_norm(self, x: Feature, names: BatchNormNames) -> Feature:
        """Note the four vectors."""
        self._note(names.scale, (x.channels,))
        self._note(names.offset, (x.channels,))
        self._note(names.mean, (x.channels,), is_trained=False)
        self._note(names.variance, (x.channels,), is_trained=False)
        return x

    def relu(self, x: Feature) -> Feature:
        """Keep the shape."""
        return x

    def leaky_relu(self, x: Feature) -> Feature:
        """Keep the shape."""
        return x

    def upsample(self, x: Feature) -> Feature:
        """Double the side."""
        return Feature(x.channels, x.scale * 2)

    def concat(self, first: Feature, second: Feature) -> Feature:
        """Add the channels."""
        assert first.scale == second.scale
        return Feature(first.channels + second.channels, first.scale)

    def add(self, first: Feature, second: Feature) -> Feature:
        """Keep the shape that both have."""
        assert first == second
        return first

    def max_pool(
        self,
        x: Feature,
        *,
        kernel: int,  # noqa: ARG002 -- shapes do not ask
        stride: int,
        ceil_mode: bool = False,  # noqa: ARG002
    ) -> Feature:
        """Divide the side."""
        return Feature(x.channels, x.scale / stride)

    def avg_pool(self, x: Feature) -> Feature:
        """Halve the side."""
        return Feature(x.channels, x.scale / 2)

    def deform_conv(
        self,
        x: Feature,
        steering: Feature,
        weights: str,
        *,
        out: int,
        stride: int = 1,
    ) -> Feature:
        """Note the weights ``[O, I, 3, 3]``, and the work apart."""
        assert steering == Feature(STEERING_CHANNELS, x.scale / stride)
        self._note(weights, (out, x.channels, 3, 3))
        area = steering.scale * steering.scale
        self.deformable_multiply_adds_per_px += out * x.channels * 9 * area
        return Feature(out, steering.scale)

    def fake_quantise(self, x: Feature, *, scale: float) -> Feature:  # noqa: ARG002
        """Keep the shape."""
        return x

    def _note(
        self, name: str, shape: tuple[int, ...], *, is_trained: bool = True
    ) -> None:
        assert name not in self.variables, name
        self.variables[name] = Variable(name=name, shape=shape, is_trained=is_trained)


def network_shapes(network: Callable[[ShapeOps, Feature], object]) -> NetworkShapes:
    """Run a network on shapes; return its variables and its work."""
    ops = ShapeOps()
    network(ops, Feature(3, Fraction(1)))
    return NetworkShapes(
        variables=ops.variables,
        multiply_adds_per_px=ops.multiply_adds_per_px,
        deformable_multiply_adds_per_px=ops.deformable_multiply_adds_per_px,
    )
