"""Says by which protocol a row is measured, in plain words.

They go into every record and into the store's key, so a change of any of them is a
change of identity.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.boxes.face_boxes import DIVISOR, MEAN_BGR
from harness.model.boxes.face_voting import KEEP_TOP_K, OVERLAP_THRESHOLD
from harness.model.boxes.multiclass_nms import BLAZEFACE_RULE, YOLOV3_RULE, NmsRule
from harness.model.boxes.preprocess import NORMALISATIONS
from harness.model.boxes.yolo_box import CONFIDENCE_THRESHOLD
from harness.model.quantised.quantisation import EIGHT_BIT_ROUNDING, is_quantised

#: What a row says of its scales -> what that is.
SCALES: Mapping[str, str] = {
    "single": "single: the base scale, at most 1",
    "multi": "multi: base, mirrored, shrunk, enlarged, pyramid; "
    f"boxes vote from overlap {OVERLAP_THRESHOLD} on, {KEEP_TOP_K} kept",
}


def yolov3_protocol(backbone: str) -> Mapping[str, str]:
    """Return the protocol of the YOLOv3 rows of a backbone (zoo-spec 1.2, 1.3)."""
    return {
        "channels": "RGB",
        "resize": "OpenCV INTER_CUBIC, stretched to a square, uint8",
        "normalise": str(NORMALISATIONS[backbone]),
        "confidence_threshold": str(CONFIDENCE_THRESHOLD),
        **_nms_words(YOLOV3_RULE),
        "boxes": "clipped to width - 1 and height - 1",
    }


def blazeface_protocol(scales: str) -> Mapping[str, str]:
    """Return the protocol of BlazeFace rows (zoo-spec 1.4, 1.7).

    The published numbers of WIDER FACE are of several scales.

    Args:
        scales: key of ``SCALES``.
    """
    return {
        "channels": "BGR",
        "scales": SCALES[scales],
        "resize": "Pillow LANCZOS, aspect ratio kept, uint8",
        "normalise": f"minus {MEAN_BGR}, divided by {DIVISOR}",
        **_nms_words(BLAZEFACE_RULE),
        "boxes": "not clipped",
    }


def rounding_protocol(strategy: str) -> Mapping[str, str]:
    """Return what the protocol of a quantised row adds; nothing for a float row."""
    return (
        {"quantisation_rounding": EIGHT_BIT_ROUNDING} if is_quantised(strategy) else {}
    )


def _nms_words(rule: NmsRule) -> Mapping[str, str]:
    return {
        "score_threshold": str(rule.score_threshold),
        "nms_top_k": str(rule.nms_top_k),
        "nms_threshold": str(rule.nms_threshold),
        "keep_top_k": str(rule.keep_top_k),
        "nms_pixels": "inclusive" if rule.inclusive else "exclusive",
    }
