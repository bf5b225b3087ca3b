"""Chooses the looks of a multi-scale evaluation by an image's size.

A look is one pass of the network. The boxes of all looks vote afterwards
(:mod:`harness.model.boxes.face_voting`).  # zoo-spec 1.7
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.face_scales import base_scale, largest_scale

LARGE_PX, SMALL_PX = 30, 100  # zoo-spec 1.7
PYRAMID = (0.75, 1.25, 1.5, 1.75)  # zoo-spec 1.7; each only up to the largest scale
PYRAMID_BASE = 0.25


class Keep(Enum):
    """Says which faces of a look count: small ones where the image was enlarged."""

    ALL = "all"
    LARGE = "large"  # the longer side above LARGE_PX
    SMALL = "small"  # the shorter side below SMALL_PX

    def of(self, boxes_xyxy: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which boxes count, ``[N]``; sides are inclusive, in image pixels.

        Args:
            boxes_xyxy: ``[N, 4]``.
        """
        sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2] + 1  # [N, 2]
        if self is Keep.LARGE:
            return np.asarray(sides.max(axis=1) > LARGE_PX)
        if self is Keep.SMALL:
            return np.asarray(sides.min(axis=1) < SMALL_PX)
        return np.ones(len(sides), dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceLook:
    """One pass over an image."""

    scale: float
    is_mirrored: bool = False  # left and right exchanged before, and boxes put back
    keep: Keep = Keep.ALL


def looks_of(height_px: int, width_px: int) -> tuple[FaceLook, ...]:
    """Return the looks of the published tool, in its order.

    Base scale, the same mirrored, shrunk, enlarged up to the largest scale, and a
    pyramid.  # zoo-spec 1.7
    """
    largest = largest_scale(height_px, width_px)
    base = base_scale(height_px, width_px)
    shrunk = 0.5 if largest >= 0.75 else 0.5 * largest
    return (
        FaceLook(scale=base),
        FaceLook(scale=base, is_mirrored=True),
        FaceLook(scale=shrunk, keep=Keep.LARGE),
        *_enlarged(largest, shrunk),
        FaceLook(scale=PYRAMID_BASE, keep=Keep.LARGE),
        *(FaceLook(scale=one, keep=_by(one)) for one in PYRAMID if one <= largest),
    )


def looked_at_px2(height_px: int, width_px: int) -> float:
    """Return the pixels of all looks at an image together: what they cost."""
    looks = looks_of(height_px, width_px)
    return height_px * width_px * sum(one.scale**2 for one in looks)


def _enlarged(largest: float, shrunk: float) -> list[FaceLook]:
    scales = [min(2.0, largest) if largest > 1 else (shrunk + largest) / 2]
    if largest > 2:
        scale = 4.0
        while scale < largest:
            scales.append(scale)
            scale *= 2
        scales.append(largest)
    return [FaceLook(scale=one, keep=_by(scales[0])) for one in scales]


def _by(scale: float) -> Keep:
    return Keep.SMALL if scale > 1 else Keep.LARGE
