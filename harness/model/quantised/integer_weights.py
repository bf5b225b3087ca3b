"""Refuses integer weights without a known scale, or beyond 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable
from harness.model.layouts.contract import WeightSource, listed
from harness.model.networks.eight_bits import LEVELS
from harness.model.networks.shapes import NetworkShapes
from harness.model.program.traced_program import INT8_SUFFIX

CHANNEL_SCALE = "channel_scale_"  # zoo-spec 2.7


def demand_float_weights(source: WeightSource, shapes: NetworkShapes) -> None:
    """Refuse a checkpoint of integer weights without its program.

    No name tells which ``channel_scale_k`` belongs to which convolution, and several
    convolutions share a shape.  # zoo-spec 2.7, 3.6

    Raises:
        ArchiveUnreadable: names what is there.
    """
    signs = [
        name
        for name in source.names()
        if name.startswith(CHANNEL_SCALE) or name.endswith(INT8_SUFFIX)
    ]
    signs += [
        name
        for name, one in shapes.variables.items()
        if len(one.shape) == 4 and name in source.stored and is_whole(source.read(name))
    ]
    if signs:
        raise ArchiveUnreadable(
            "integer weights without the program that says what they stand for",
            expected="float weights, or an inference program beside them",
            got=listed(signs),
        )


def demand_integers(name: str, weights: NDArray[Any]) -> None:
    """Refuse weights of a frozen convolution that are no integers of 8 bits.

    Raises:
        ArchiveUnreadable: names the convolution and the first such element.
    """
    wrong = ~((weights == np.rint(weights)) & (np.abs(weights) <= LEVELS))
    if wrong.any():
        place = tuple(int(one) for one in np.argwhere(wrong)[0])
        raise ArchiveUnreadable(
            f"{name}: element {place}",
            expected=f"a whole number from -{LEVELS:.0f} to {LEVELS:.0f}",
            got=weights[place],
        )


def is_whole(weights: NDArray[Any]) -> bool:
    """Tell whether weights are integers of 8 bits, and not just zeros and ones."""
    magnitudes = np.abs(weights)
    return bool(
        (magnitudes == np.rint(magnitudes)).all() and 1 < magnitudes.max() <= LEVELS
    )
