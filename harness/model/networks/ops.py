"""The few operations that the zoo's networks are written in.

A network is written once, as a function of :class:`Ops`; what runs it decides what it
is: ``shapes.ShapeOps`` counts variables and multiply-adds without a framework, and
``paddle_run.tensors.TensorOps`` computes, in Paddle's dynamic and static modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")

BN_EPSILON = 1e-5  # zoo-spec 2
BN_MOMENTUM = 0.9  # zoo-spec 2
LEAKY_SLOPE = 0.1  # zoo-spec 2.4

#: What steers a 3 x 3 deformable convolution: y and x of each point, in turn, then a
#: weight of each point before its sigmoid.  # zoo-spec 2.3
OFFSET_CHANNELS = 18
STEERING_CHANNELS = OFFSET_CHANNELS + 9


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNormNames:
    """The four variables of a batch normalisation."""

    scale: str
    offset: str
    mean: str
    variance: str


class Ops(Protocol[T]):
    """What a network may do; ``T`` is the value that flows, ``[B, C, H, W]``."""

    def conv(
        self,
        x: T,
        weights: str,
        *,
        out: int,
        kernel: int,
        stride: int = 1,
        depthwise: bool = False,
        bias: str | None = None,
    ) -> T:
        """Convolve with padding ``(kernel - 1) // 2``; weights ``[O, I, k, k]``."""
        ...

    def batch_norm(self, x: T, names: BatchNormNames) -> T:
        """Normalise each channel."""
        ...

    def relu(self, x: T) -> T:
        """Clip below zero."""
        ...

    def leaky_relu(self, x: T) -> T:
        """Scale what is below zero by ``LEAKY_SLOPE``."""
        ...

    def upsample(self, x: T) -> T:
        """Replicate every pixel to 2 x 2."""
        ...

    def concat(self, first: T, second: T) -> T:
        """Join along the channels, ``first`` first."""
        ...

    def add(self, first: T, second: T) -> T:
        """Sum two maps of one shape."""
        ...

    def max_pool(self, x: T, *, kernel: int, stride: int, ceil_mode: bool = False) -> T:
        """Keep the largest of each window, padded by ``(kernel - 1) // 2``.

        ``ceil_mode``: what is left over at an edge is a window too.
        """
        ...

    def avg_pool(self, x: T) -> T:
        """Halve the side, rounded up: the mean of the 2 x 2 that lie inside."""
        ...

    def deform_conv(
        self, x: T, steering: T, weights: str, *, out: int, stride: int = 1
    ) -> T:
        """Convolve 3 x 3 at moved and weighted points (DCNv2), padded by 1.

        Args:
            x: ``[B, I, H, W]``.
            steering: ``[B, STEERING_CHANNELS, H / stride, W / stride]``: offsets
                (y, x per point), then what the sigmoid makes the points' weights of.
            weights: name of ``[O, I, 3, 3]``.
            out: ``O``.
            stride: of the output.
        """
        ...

    def fake_quantise(self, x: T, *, scale: float) -> T:
        """Round to 8 bits: what ``eight_bits.fake_quantise`` says of arrays.

        Args:
            x: what a convolution is about to read.
            scale: the largest value that 8 bits hold; larger ones are clipped to it.
        """
        ...
