"""Writes the boxes of a sample as the loss takes them (zoo-spec 5.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.values.training import MAX_BOXES, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class PaddedTruth:
    """Ground truth of one image with a fixed count of rows."""

    boxes_cxcywh: NDArray[np.float32]  # [R, 4] shares of the image, 0 where padded
    classes: NDArray[np.int32]  # [R]
    scores: NDArray[np.float32]  # [R] 0 where padded


def pad_truth(sample: Sample, rows: int | None = MAX_BOXES) -> PaddedTruth:
    """Return centre and size as shares of the image; the first boxes, then zeros.

    Args:
        sample: of the chain.
        rows: how many there are of each; None: one for each box.
    """
    rows = len(sample.classes) if rows is None else rows
    height_px, width_px = sample.rgb.shape[:2]
    sides = np.array([width_px, height_px] * 2, dtype=np.float32)
    shares = sample.boxes_xyxy[:rows] / sides  # [M, 4]
    near, far = shares[:, :2], shares[:, 2:]
    count = len(shares)
    boxes = np.zeros((rows, 4), dtype=np.float32)
    boxes[:count, :2] = (near + far) / 2
    boxes[:count, 2:] = far - near
    classes = np.zeros(rows, dtype=np.int32)
    classes[:count] = sample.classes[:rows]
    scores = np.zeros(rows, dtype=np.float32)
    scores[:count] = sample.scores[:rows]
    return PaddedTruth(boxes_cxcywh=boxes, classes=classes, scores=scores)
