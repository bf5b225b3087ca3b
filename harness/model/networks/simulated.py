"""Simulates 8 bits in a float network, by the scales of what its convolutions read.

The weights are rounded once, before; the activations as the network runs, by operations
of the network, so that the graph with them is exported and optimised like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from harness.model.networks.eight_bits import quantise_weights
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.ops import BatchNormNames, Ops

T = TypeVar("T")


class SimulatingOps(Generic[T]):
    """The operations of another, what convolutions read rounded to 8 bits first.

    Args:
        ops: what computes.
        scales: weights -> scale of what the convolution reads; others stay float.
    """

    def __init__(self, ops: Ops[T], scales: Mapping[str, float]) -> None:
        self._ops = ops
        self._scales = scales
        # A route feeds two convolutions and is rounded once; kept alive, so that its
        # identity is not given to another value.
        self._rounded: dict[int, tuple[T, T]] = {}

    def conv(self, x: T, weights: str, **kind: Any) -> T:
        """Round, if there is a scale, and convolve."""
        if weights in self._scales:
            x = self._round(x, self._scales[weights])
        return self._ops.conv(x, weights, **kind)

    def batch_norm(self, x: T, names: BatchNormNames) -> T:
        """Normalise each channel."""
        return self._ops.batch_norm(x, names)

    def relu(self, x: T) -> T:
        """Clip below zero."""
        return self._ops.relu(x)

    def leaky_relu(self, x: T) -> T:
        """Scale what is below zero."""
        return self._ops.leaky_relu(x)

    def upsample(self, x: T) -> T:
        """Replicate every pixel to 2 x 2."""
        return self._ops.upsample(x)

    def concat(self, first: T, second: T) -> T:
        """Join along the channels."""
        return self._ops.concat(first, second)

    def add(self, first: T, second: T) -> T:
        """Sum two maps of one shape."""
        return self._ops.add(first, second)

    def max_pool(self, x: T, **kind: Any) -> T:
        """Keep the largest of each window."""
        return self._ops.max_pool(x, **kind)

    def avg_pool(self, x: T) -> T:
        """Take the mean of the 2 x 2 that lie inside."""
        return self._ops.avg_pool(x)

    def deform_conv(self, x: T, steering: T, weights: str, **kind: Any) -> T:
        """Convolve at moved points, in float: no such one is quantised."""
        return self._ops.deform_conv(x, steering, weights, **kind)

    def fake_quantise(self, x: T, *, scale: float) -> T:
        """Round to 8 bits."""
        return self._ops.fake_quantise(x, scale=scale)

    def _round(self, x: T, scale: float) -> T:
        if id(x) not in self._rounded:
            self._rounded[id(x)] = (x, self._ops.fake_quantise(x, scale=scale))
        return self._rounded[id(x)][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedNetwork:
    """A network in 8 bits, to be run with weights that were rounded too."""

    network: NetworkFunction
    scales: Mapping[str, float]  # weights -> scale of what is read

    def __call__(self, ops: Any, image: Any) -> tuple[Any, ...]:
        """Return the network's outputs."""
        return self.network(SimulatingOps(ops, self.scales), image)


def simulated(
    network: NetworkFunction,
    weights: Mapping[str, NDArray[Any]],
    scales: Mapping[str, float],
) -> tuple[NetworkFunction, Mapping[str, NDArray[Any]]]:
    """Return network and weights in 8 bits.

    Args:
        network: in float.
        weights: a value for each of its variables.
        scales: weights -> scale of what the convolution reads; others stay float.
    """
    return SimulatedNetwork(network=network, scales=scales), {
        name: quantise_weights(one).values() if name in scales else one
        for name, one in weights.items()
    }
