"""Rounds float32 arrays to 8 bits as the old operators do.

Every step is float32 and in the order of those operators. So the values are theirs to
the last bit (compared on 1.8.5).  # zoo-spec 4.5
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TINY, NO_ZERO = 1e-30, 1e-6  # Paddle 1.8.5, fake_quantize_op.h (compared)
LEVELS = 127.0  # of either sign: 2**(8 - 1) - 1  # zoo-spec 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisedWeights:
    """The weights of a convolution in 8 bits."""

    integers: Floats  # [O, I, k, k], whole numbers from -127 to 127
    scales: Floats  # [O]: what 127 stands for in each output channel

    def values(self) -> Floats:
        """Return what the integers stand for, ``[O, I, k, k]``."""
        scales = self.scales.reshape(-1, 1, 1, 1)  # [O, 1, 1, 1]
        return self.integers * scales / np.float32(LEVELS)


def levels_per_unit(scales: Floats) -> Floats:
    """Return how many levels one unit has: by the inverse, as the old operators do.

    They add ``NO_ZERO`` to a scale that has next to no inverse, so that values of no
    size give zeros.
    """
    tiny = scales <= np.float32(TINY)
    levels: Floats = np.float32(LEVELS) * (
        np.float32(1) / np.where(tiny, scales + np.float32(NO_ZERO), scales)
    )
    return levels


def fake_quantise(x: Floats, scale: float) -> Floats:
    """Return activations clipped to the scale and rounded to 8 bits, half to even."""
    limit = np.float32(scale)
    steps = np.rint(levels_per_unit(np.asarray(limit)) * np.clip(x, -limit, limit))
    rounded: Floats = steps * limit / np.float32(LEVELS)
    return rounded


def quantise_weights(weights: Floats) -> QuantisedWeights:
    """Return weights ``[O, I, k, k]`` in 8 bits, a scale for each output channel.

    A channel of zeros stays one; its scale is 0.
    """
    scales = np.abs(weights).max(axis=(1, 2, 3))  # [O]
    levels = levels_per_unit(scales).reshape(-1, 1, 1, 1)  # [O, 1, 1, 1]
    return QuantisedWeights(integers=np.rint(levels * weights), scales=scales)
