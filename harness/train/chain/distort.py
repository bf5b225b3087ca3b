"""Distorts the colours of an image, with the quirks of the published chain.

Brightness adds one grey level or so, where a factor was meant. Hue turns by ``delta *
pi`` for a ``delta`` of up to 18, which is any angle. Nothing is cut to 0 to 255.
# zoo-spec 5.1
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.values.training import Sample

LUMA = (0.299, 0.587, 0.114)  # zoo-spec 5.1
#: RGB to YIQ and back, to the digits that the published chain has. They are no exact
#: inverses: a turn by 0 changes a colour by less than 1 %.
TO_YIQ = np.array([LUMA, (0.596, -0.274, -0.321), (0.211, -0.523, 0.311)])
FROM_YIQ = np.array([(1.0, 0.956, 0.621), (1.0, -0.272, -0.647), (1.0, -1.107, 1.705)])

#: What is done to a colour: ``matrix @ rgb + offset``.
Affine: TypeAlias = tuple[NDArray[np.float64], float]


def brightness(delta: float) -> Affine:
    """Add ``delta`` grey levels."""
    return np.eye(3), delta


def contrast(delta: float) -> Affine:
    """Multiply by ``delta``."""
    return np.eye(3) * delta, 0.0


def saturation(delta: float) -> Affine:
    """Move away from the luma for a ``delta`` over 1, towards it below."""
    return np.eye(3) * delta + (1 - delta) * np.tile(LUMA, (3, 1)), 0.0


def hue(delta: float) -> Affine:
    """Turn the colour by ``delta * pi`` around the luma."""
    cos, sin = math.cos(delta * math.pi), math.sin(delta * math.pi)
    turn = np.array([(1.0, 0.0, 0.0), (0.0, cos, -sin), (0.0, sin, cos)])
    return FROM_YIQ @ turn @ TO_YIQ, 0.0


#: The operations, and the range of each one's ``delta``.  # zoo-spec 5.1
OPERATIONS: Mapping[str, tuple[Callable[[float], Affine], float, float]] = {
    "brightness": (brightness, 0.5, 1.5),
    "contrast": (contrast, 0.5, 1.5),
    "saturation": (saturation, 0.5, 1.5),
    "hue": (hue, -18.0, 18.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Distort:
    """Distorts colours by the four operations in random order, each now and then."""

    probability: float = 0.5  # of each operation  # zoo-spec 5.1

    def __call__(self, sample: Sample, random: RandomState) -> Sample:
        """Return the sample with float pixels, or as it is where nothing was drawn."""
        drawn = self.draw(random)
        if not drawn:
            return sample
        import cv2

        # All four are affine, so they are joined and the pixels are touched once.
        matrix, offset = np.eye(3), np.zeros(3)
        for name, delta in drawn:
            own_matrix, own_offset = OPERATIONS[name][0](delta)
            matrix, offset = own_matrix @ matrix, own_matrix @ offset + own_offset
        rgb: NDArray[np.float32] = cv2.transform(
            sample.rgb.astype(np.float32),
            np.concatenate([matrix, offset[:, None]], axis=1),  # [3, 4]
        )  # [H, W, 3]
        return replace(sample, rgb=rgb)

    def draw(self, random: RandomState) -> tuple[tuple[str, float], ...]:
        """Return the operations that are applied, in their order, with their deltas."""
        names = list(OPERATIONS)
        drawn = []
        for place in random.permutation(len(names)).tolist():
            _, low, high = OPERATIONS[names[place]]
            if random.uniform() < self.probability:
                drawn.append((names[place], float(random.uniform(low, high))))
        return tuple(drawn)
