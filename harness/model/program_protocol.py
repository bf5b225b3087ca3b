"""The operators of an inference program in; out, a refusal or nothing.

A program brings its own boxes and NMS. A number of other thresholds is not the row's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.errors import ArchiveUnreadable
from harness.model.multiclass_nms import YOLOV3_RULE
from harness.model.program_desc import Operator, Value
from harness.model.yolo_box import CONFIDENCE_THRESHOLD
from harness.model.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX


def _stored(value: float) -> float:
    """Return a number as a program stores it."""
    return float(np.float32(value))


#: Operator -> attribute -> what the protocol of the YOLOv3 rows asks.  # zoo-spec 1.3
PROTOCOL: Mapping[str, Mapping[str, Value]] = {
    "yolo_box": {
        "conf_thresh": float(CONFIDENCE_THRESHOLD),
        "clip_bbox": True,
        "scale_x_y": 1.0,
        "iou_aware": False,
    },
    "multiclass_nms": {
        "score_threshold": _stored(YOLOV3_RULE.score_threshold),
        "nms_top_k": YOLOV3_RULE.nms_top_k,
        "nms_threshold": _stored(YOLOV3_RULE.nms_threshold),
        "keep_top_k": YOLOV3_RULE.keep_top_k,
        "nms_eta": 1.0,
        "normalized": not YOLOV3_RULE.inclusive,
        "background_label": -1,
    },
}
#: Stride -> width and height of its anchors, in the order of ``yolo_box``.
ANCHORS_OF_STRIDE: Mapping[int, tuple[int, ...]] = {
    stride_px: tuple(side for place in mask for side in ANCHORS_PX[place])
    for stride_px, mask in zip(STRIDES_PX, ANCHOR_MASKS, strict=True)
}
#: The same operators by later names.
LATER_NAMES = {"multiclass_nms2": "multiclass_nms", "multiclass_nms3": "multiclass_nms"}
#: Of one program.
COUNTS = {"yolo_box": 3, "multiclass_nms": 1}


def demand_protocol(operators: Sequence[Operator]) -> None:
    """Refuse a program whose boxes or NMS are not those of the record's protocol.

    An attribute that a program does not have is younger than the program, and has the
    value of the protocol by default.

    Raises:
        ArchiveUnreadable: an operator is missing or has another value; it is named.
    """
    found: dict[str, list[Operator]] = {name: [] for name in PROTOCOL}
    for one in operators:
        name = LATER_NAMES.get(one.kind, one.kind)
        if name in found:
            found[name].append(one)
    for name, several in found.items():
        if len(several) != COUNTS[name]:
            raise ArchiveUnreadable(
                f"operators {name} of the program",
                expected=COUNTS[name],
                got=len(several),
            )
        for one in several:
            _demand_attributes(one, PROTOCOL[name])
    levels = {
        one.attributes.get("downsample_ratio"): one.attributes.get("anchors")
        for one in found["yolo_box"]
    }
    if levels != ANCHORS_OF_STRIDE:
        raise ArchiveUnreadable(
            "yolo_box of the program: anchors by downsample_ratio",
            expected=ANCHORS_OF_STRIDE,
            got=levels,
        )


def _demand_attributes(operator: Operator, wanted: Mapping[str, Value]) -> None:
    for attribute, value in wanted.items():
        got = operator.attributes.get(attribute, value)
        if got != value:
            raise ArchiveUnreadable(
                f"{operator.kind} of the program: {attribute}",
                expected=f"{value} (the protocol of the rows)",
                got=got,
            )
