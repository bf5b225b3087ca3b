"""The values that make a YOLOv3 measurement what it is, as plain words.

They go into every record and into the store's key, so a change of any of them is a
change of identity.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.multiclass_nms import YOLOV3_RULE
from harness.model.preprocess import NORMALISATIONS
from harness.model.yolo_box import CONFIDENCE_THRESHOLD


def yolov3_protocol(backbone: str) -> Mapping[str, str]:
    """Return the protocol of the YOLOv3 rows of a backbone (zoo-spec 1.2, 1.3)."""
    return {
        "channels": "RGB",
        "resize": "OpenCV INTER_CUBIC, stretched to a square, uint8",
        "normalise": str(NORMALISATIONS[backbone]),
        "confidence_threshold": str(CONFIDENCE_THRESHOLD),
        "score_threshold": str(YOLOV3_RULE.score_threshold),
        "nms_top_k": str(YOLOV3_RULE.nms_top_k),
        "nms_threshold": str(YOLOV3_RULE.nms_threshold),
        "keep_top_k": str(YOLOV3_RULE.keep_top_k),
        "nms_pixels": "inclusive" if YOLOV3_RULE.inclusive else "exclusive",
        "boxes": "clipped to width - 1 and height - 1",
    }
