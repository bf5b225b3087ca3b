"""Finds objects in images that were resized to one size."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.multiclass_nms import multiclass_nms
from harness.model.boxes.preprocess import NORMALISATIONS, normalise
from harness.model.boxes.yolo_box import decode_heads
from harness.model.networks.functions import FindFunction, HeadsFunction
from harness.model.networks.yolov3_head import ANCHOR_MASKS
from harness.values.detections import ImageDetections

#: A trained network has a few hundred candidates among thousands of cells; of one that
#: learned nothing nearly all cells are (a sigmoid of 0 is 0.5, the threshold 0.01).
UNTRAINED_SHARE = 0.5


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


def objects_of_heads(
    heads: HeadsFunction, *, noting: Callable[[str], None] = lambda line: None
) -> FindFunction:
    """Return the function that decodes a YOLOv3's heads and suppresses overlaps.

    Args:
        heads: the network.
        noting: told, a line, of each image by which the network looks untrained.
    """

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
            cells = _cells_of(outputs)
            if len(scores) > UNTRAINED_SHARE * cells:
                noting(
                    f"{len(scores)} of {cells} cells of an image are candidates: "
                    "the network looks untrained"
                )
            detections.append(multiclass_nms(boxes_xyxy, scores))
        return detections

    return find


def _cells_of(outputs: Sequence[NDArray[np.float32]]) -> int:
    """Return how many cells the heads have of one image, each anchor's for itself."""
    return sum(
        len(mask) * head.shape[2] * head.shape[3]
        for head, mask in zip(outputs, ANCHOR_MASKS, strict=True)
    )
