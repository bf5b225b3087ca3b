"""Computes BlazeFace's prior boxes from the sides of an image and its feature maps.

As the published ``prior_box`` does for square boxes: no other aspect ratio, no
``max_sizes``, no clipping; in float32, in its order of operations.  # zoo-spec 1.4
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: A prior's centre lies in the middle of its cell.  # zoo-spec 1.4
OFFSET = np.float32(0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorLevel:
    """The priors of every cell of one feature map."""

    step_px: int
    sides_px: tuple[int, ...]


BLAZEFACE_LEVELS = (
    PriorLevel(step_px=8, sides_px=(16, 24)),
    PriorLevel(step_px=16, sides_px=(32, 48, 64, 80, 96, 128)),
)  # zoo-spec 1.4


def prior_boxes(
    maps_hw: Sequence[tuple[int, int]],
    *,
    height_px: int,
    width_px: int,
    levels: Sequence[PriorLevel] = BLAZEFACE_LEVELS,
) -> Floats:
    """Return the priors in the order of the network's outputs.

    Args:
        maps_hw: rows and columns of each level's feature map.
        height_px: of the image that the network looked at.
        width_px: likewise.
        levels: what each map's cells hold.

    Returns:
        ``[N, 4]``, xyxy as shares of the image, by level, row, column, side; boxes at
        the edges reach out of it.
    """
    return np.concatenate(
        [
            _level_priors(rows, columns, level, height_px, width_px)
            for (rows, columns), level in zip(maps_hw, levels, strict=True)
        ]
    )


def _level_priors(
    rows: int, columns: int, level: PriorLevel, height_px: int, width_px: int
) -> Floats:
    step = np.float32(level.step_px)
    x = (np.arange(columns, dtype=np.float32) + OFFSET) * step  # [W]
    y = (np.arange(rows, dtype=np.float32) + OFFSET) * step  # [H]
    half = np.asarray(level.sides_px, dtype=np.float32) / np.float32(2)  # [K]
    boxes_xyxy = np.empty((rows, columns, len(half), 4), dtype=np.float32)
    boxes_xyxy[..., 0] = (x[None, :, None] - half) / np.float32(width_px)
    boxes_xyxy[..., 1] = (y[:, None, None] - half) / np.float32(height_px)
    boxes_xyxy[..., 2] = (x[None, :, None] + half) / np.float32(width_px)
    boxes_xyxy[..., 3] = (y[:, None, None] + half) / np.float32(height_px)
    return boxes_xyxy.reshape(-1, 4)  # [H * W * K, 4]
