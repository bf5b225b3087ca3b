"""Chooses the scale of a look by the image's size, and resizes (zoo-spec 1.7)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

#: What limits the pixels of one look, as the published tool had it.  # zoo-spec 1.7
LARGEST_BLOB = 0x7FFFFFFF / 577
LARGEST_AREA_PX2 = 678 * 1024 * 4  # and so the pixels of the largest look

#: Lowest scale from which so much more is taken off, highest first.  # zoo-spec 1.7
REDUCTIONS = ((5.0, 0.5), (4.0, 0.4), (3.0, 0.3), (2.0, 0.2), (1.5, 0.1))


def largest_scale(height_px: int, width_px: int) -> float:
    """Return the largest scale that the published tool looked at an image with.

    Cut, not rounded, to two decimals before the reductions.  # zoo-spec 1.7
    """
    area_px2 = height_px * width_px
    limit = min(
        math.sqrt(LARGEST_BLOB / area_px2), math.sqrt(LARGEST_AREA_PX2 / area_px2)
    )
    text = str(limit)
    scale = float(text[: text.index(".") + 3]) - 0.3
    scale -= next((less for lowest, less in REDUCTIONS if scale >= lowest), 0.0)
    return max(scale, 0.1)


def base_scale(height_px: int, width_px: int) -> float:
    """Return the scale of the one look of a single-scale evaluation: at most 1."""
    return min(largest_scale(height_px, width_px), 1.0)


def resize_lanczos(rgb: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Return the image at a scale, sides cut to whole pixels; itself at scale 1.

    Pillow's LANCZOS, once called ANTIALIAS, on uint8.  # zoo-spec 1.7

    Args:
        rgb: ``[H, W, 3]``.
        scale: of both sides.
    """
    from PIL import Image

    if scale == 1:
        return rgb
    height_px, width_px = rgb.shape[:2]
    size = (max(int(width_px * scale), 1), max(int(height_px * scale), 1))
    resized = Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(resized)
