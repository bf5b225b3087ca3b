"""An image in, its faces by several looks out (zoo-spec 1.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from harness.detections import ImageDetections
from harness.model.face_detector import FACE, Look, look_once
from harness.model.face_looks import FaceLook, looks_of
from harness.model.face_scales import resize_lanczos
from harness.model.face_voting import vote

Floats = NDArray[np.float64]


def look_many(look: Look, rgb: NDArray[np.uint8]) -> ImageDetections:
    """Return the faces of one image that several looks agree on, in its own pixels.

    What the published numbers of WIDER FACE were measured with.  # zoo-spec 1.7

    Args:
        look: finds the faces of images of one size.
        rgb: ``[H, W, 3]``, red first.
    """
    height_px, width_px = rgb.shape[:2]
    found = [_take(look, rgb, one) for one in looks_of(height_px, width_px)]
    boxes_xyxy, scores = vote(
        np.concatenate([boxes for boxes, _ in found]),
        np.concatenate([values for _, values in found]),
    )
    return ImageDetections(
        classes=np.full(len(scores), FACE, dtype=np.int32),
        scores=scores.astype(np.float32),
        boxes_xyxy=boxes_xyxy.astype(np.float32),
    )


def _take(look: Look, rgb: NDArray[np.uint8], one: FaceLook) -> tuple[Floats, Floats]:
    """Return the boxes that count of one look, and their scores."""
    shown = rgb[:, ::-1] if one.is_mirrored else rgb
    (faces,) = look(resize_lanczos(shown, one.scale)[None])
    boxes = faces.boxes_xyxy.astype(np.float64) / one.scale  # [N, 4]
    scores = faces.scores.astype(np.float64)
    if not len(scores):  # the published tool wrote a row of zeros, and voted with it
        boxes, scores = np.zeros((1, 4)), np.zeros(1)
    if one.is_mirrored:
        boxes[:, [0, 2]] = rgb.shape[1] - boxes[:, [2, 0]]
    counts = one.keep.of(boxes)
    return boxes[counts], scores[counts]


#: What a row says of its scales -> how an image is looked at.
FACE_SCALES: Mapping[str, Callable[[Look, NDArray[np.uint8]], ImageDetections]] = {
    "single": look_once,
    "multi": look_many,
}
