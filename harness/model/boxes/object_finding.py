"""Finds objects in images that were resized to one size."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.multiclass_nms import multiclass_nms
from harness.model.boxes.preprocess import NORMALISATIONS, normalise
from harness.model.boxes.yolo_box import decode_heads
from harness.model.networks.functions import FindFunction, HeadsFunction
from harness.values.detections import ImageDetections


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDetector:
    """Finds objects in images that were resized to one size."""

    find: FindFunction  # by our own network, or by an archive's program
    backbone: str  # key of NORMALISATIONS
    input_px: int

    def detect(
        self, images_rgb: NDArray[np.uint8], sizes_hw: NDArray[np.int32]
    ) -> list[ImageDetections]:
        """Return the detections of each image, in its original pixels.

        Args:
            images_rgb: ``[B, S, S, 3]``, resized, red first.
            sizes_hw: ``[B, 2]``, original height and width.

        Raises:
            ArchiveUnreadable: what a program gives are no detections.
        """
        images = normalise(images_rgb, NORMALISATIONS[self.backbone])
        return self.find(images, sizes_hw)

    def cpu_clock_s(self) -> float:
        """Return the processor seconds that this process has used so far."""
        return time.process_time()


def objects_of_heads(heads: HeadsFunction) -> FindFunction:
    """Return the function that decodes a YOLOv3's heads and suppresses overlaps."""

    def find(
        images: NDArray[np.float32], sizes_hw: NDArray[np.int32]
    ) -> list[ImageDetections]:
        outputs = heads(images)
        detections = []
        for place, (height_px, width_px) in enumerate(sizes_hw):
            boxes_xyxy, scores = decode_heads(
                [head[place] for head in outputs],
                height_px=int(height_px),
                width_px=int(width_px),
            )
            detections.append(multiclass_nms(boxes_xyxy, scores))
        return detections

    return find
