"""Draws the batches that train a BlazeFace: crowds without end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.dataset.drawn.face_scenes import draw_face_scene


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceBatch:
    """Images and the faces in each."""

    images_rgb: NDArray[np.uint8]  # [B, S, S, 3]
    boxes_xyxy: tuple[NDArray[np.float32], ...]  # B of [M, 4], shares of the image


def draw_face_batch(
    step: int, *, seed: int, batch: int, sizes_px: Sequence[int]
) -> FaceBatch:
    """Draw the crowds of one step, all at one size of the list."""
    size_px = int(RandomState([seed, step]).choice(sizes_px))
    scenes = [
        draw_face_scene(seed, step * batch + place, sides_px=(size_px,))
        for place in range(batch)
    ]
    return FaceBatch(
        images_rgb=np.stack([one.rgb for one in scenes]),
        boxes_xyxy=tuple(_corners(one.boxes_xywh, size_px) for one in scenes),
    )


def _corners(boxes_xywh: NDArray[np.int64], size_px: int) -> NDArray[np.float32]:
    near, sides = boxes_xywh[:, :2], boxes_xywh[:, 2:]
    corners: NDArray[np.float32] = np.concatenate([near, near + sides], axis=1).astype(
        np.float32
    )  # [M, 4]
    corners /= size_px
    return corners
