"""COCO result lists: ``[{image_id, category_id, bbox: [x, y, w, h], score}, ...]``."""

from __future__ import annotations

import numpy as np

from harness.boxes import xyxy_to_xywh_inclusive
from harness.detections import Detections, Results


def to_results(detections: Detections) -> Results:
    """Return detections as the published evaluation wrote them: nothing is rounded.

    Sides are inclusive (``w = x2 - x1 + 1``), in float64.  # zoo-spec 1.5
    """
    return Results(
        evaluated_ids=detections.evaluated_ids,
        image_ids=detections.image_ids,
        classes=detections.classes,
        scores=detections.scores.astype(np.float64),
        boxes=xyxy_to_xywh_inclusive(detections.boxes_xyxy.astype(np.float64)),
    )
