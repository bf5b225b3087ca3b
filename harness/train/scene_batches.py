"""Draws the batches that train a YOLOv3: scenes without end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.dataset.drawn.scenes import MAX_OBJECTS, draw_scene
from harness.dataset.resize import resize_cubic


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Images with truth padded to a fixed count, as ``yolo_loss`` wants it."""

    images_rgb: NDArray[np.uint8]  # [B, S, S, 3]
    boxes_cxcywh: NDArray[np.float32]  # [B, M, 4] shares of the image, 0 where padded
    classes: NDArray[np.int32]  # [B, M]


def draw_batch(step: int, *, seed: int, batch: int, sizes_px: Sequence[int]) -> Batch:
    """Draw the scenes of one step and resize them to one size of the list."""
    size_px = int(RandomState([seed, step]).choice(sizes_px))
    images = np.empty((batch, size_px, size_px, 3), dtype=np.uint8)
    boxes = np.zeros((batch, MAX_OBJECTS, 4), dtype=np.float32)
    classes = np.zeros((batch, MAX_OBJECTS), dtype=np.int32)
    for place in range(batch):
        scene = draw_scene(seed, step * batch + place)
        height, width, _ = scene.rgb.shape
        images[place] = resize_cubic(scene.rgb, size_px)
        count = len(scene.classes)
        near, far = scene.boxes_xyxy[:, :2], scene.boxes_xyxy[:, 2:]
        side = np.asarray([width, height])
        boxes[place, :count, :2] = (near + far) / 2 / side
        boxes[place, :count, 2:] = (far - near) / side
        classes[place, :count] = scene.classes
    return Batch(images_rgb=images, boxes_cxcywh=boxes, classes=classes)
