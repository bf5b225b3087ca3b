"""Describes how an archive holds each convolution: its scales and integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from harness.model.networks.eight_bits import QuantisedWeights, quantise_weights
from harness.model.program.traced_program import INT8_SUFFIX
from harness.model.quantised.quantisation import Quantisation, QuantisedConv


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedConv:
    """How a convolution is held; one in float has its weights' name alone."""

    weights: str
    channels: int  # output channels
    activation: str | None = None  # variable of the old runtime that it reads
    activation_scale: float | None = None  # it reads from minus this to this
    weight_scales: tuple[float, ...] = ()  # for each output channel
    integers: tuple[int, int] | None = None  # the smallest and the largest weight


def describe_convs(
    quantisation: Quantisation, values: Mapping[str, NDArray[Any]]
) -> tuple[DescribedConv, ...]:
    """Return the quantised convolutions in the order they run in, then those in float.

    Args:
        quantisation: of an opened archive.
        values: its weights.
    """
    described = [_described(one, values) for one in quantisation.convs]
    described += [
        DescribedConv(weights=name, channels=len(values[name]))
        for name in quantisation.float_convs
    ]
    return tuple(described)


def _described(
    conv: QuantisedConv, values: Mapping[str, NDArray[Any]]
) -> DescribedConv:
    weights = eight_bit_weights(conv, values)
    return DescribedConv(
        weights=conv.weights,
        channels=len(weights.scales),
        activation=conv.activation,
        activation_scale=conv.activation_scale,
        weight_scales=tuple(float(one) for one in weights.scales),
        integers=(int(weights.integers.min()), int(weights.integers.max())),
    )


def eight_bit_weights(
    conv: QuantisedConv, values: Mapping[str, NDArray[Any]]
) -> QuantisedWeights:
    """Return the integers and scales of a convolution, whichever way it is held."""
    held = conv.weights if conv.weights in values else conv.weights + INT8_SUFFIX
    if conv.weight_scale is None:
        return quantise_weights(values[held])
    return QuantisedWeights(integers=values[held], scales=values[conv.weight_scale])
