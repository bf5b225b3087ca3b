"""The few operations that the zoo's networks are written in.

A network is written once, as a function of :class:`Ops`; what runs it decides what it
is: ``plan.PlanOps`` counts variables and multiply-adds without Paddle, and
``tensors.TensorOps`` computes, in Paddle's dynamic mode as in its static one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")

BN_EPSILON = 1e-5  # zoo-spec 2
BN_MOMENTUM = 0.9  # zoo-spec 2
LEAKY_SLOPE = 0.1  # zoo-spec 2.4


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

    def max_pool(self, x: T, *, kernel: int, stride: int, ceil_mode: bool = False) -> T:
        """Keep the largest of each window, padded by ``(kernel - 1) // 2``.

        ``ceil_mode``: what is left over at an edge is a window too.
        """
        ...

    def add(self, first: T, second: T) -> T:
        """Add value by value."""
        ...
