"""Refuses a program whose boxes or NMS are not those of the row's protocol.

A program brings its own. What is found by other thresholds is not the row's number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import ArchiveUnreadable
from harness.model.boxes.center_size_boxes import CENTRE_VARIANCE, SIZE_VARIANCE
from harness.model.boxes.multiclass_nms import BLAZEFACE_RULE, YOLOV3_RULE, NmsRule
from harness.model.boxes.prior_boxes import BLAZEFACE_LEVELS, OFFSET
from harness.model.boxes.yolo_box import CONFIDENCE_THRESHOLD
from harness.model.fluid.program_desc import Operator, Value
from harness.model.layouts.contract import InferenceProgram, listed
from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """An operator of which each level has one, and how the levels are told apart."""

    operator: str
    key: str  # attribute: the stride
    attribute: str
    wanted: Mapping[int, tuple[float, ...]]  # stride -> value


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedProgram:
    """What a program of one architecture has to be."""

    size_is_fed: bool  # the original size of an image, beside the image
    counts: Mapping[str, int]  # operator -> how many
    attributes: Mapping[str, Mapping[str, Value]]  # operator -> attribute -> value
    levels: Levels


def _stored(value: float) -> float:
    """Return a number as a program stores it."""
    return float(np.float32(value))


def _nms(rule: NmsRule) -> Mapping[str, Value]:
    return {
        "score_threshold": _stored(rule.score_threshold),
        "nms_top_k": rule.nms_top_k,
        "nms_threshold": _stored(rule.nms_threshold),
        "keep_top_k": rule.keep_top_k,
        "nms_eta": 1.0,
        "normalized": not rule.inclusive,
        "background_label": rule.background_label,
    }


YOLOV3_PROGRAM = ExpectedProgram(
    size_is_fed=True,
    counts={"yolo_box": len(STRIDES_PX), "multiclass_nms": 1},
    attributes={
        "yolo_box": {
            "conf_thresh": float(CONFIDENCE_THRESHOLD),
            "clip_bbox": True,
            "scale_x_y": 1.0,
            "iou_aware": False,
        },
        "multiclass_nms": _nms(YOLOV3_RULE),
    },
    levels=Levels(
        operator="yolo_box",
        key="downsample_ratio",
        attribute="anchors",
        wanted={
            stride_px: tuple(side for place in mask for side in ANCHORS_PX[place])
            for stride_px, mask in zip(STRIDES_PX, ANCHOR_MASKS, strict=True)
        },
    ),
)  # zoo-spec 1.3

BLAZEFACE_PROGRAM = ExpectedProgram(
    size_is_fed=False,
    counts={"prior_box": len(BLAZEFACE_LEVELS), "box_coder": 1, "multiclass_nms": 1},
    attributes={
        "prior_box": {
            "variances": (*[float(CENTRE_VARIANCE)] * 2, *[float(SIZE_VARIANCE)] * 2),
            "aspect_ratios": (1.0,),
            "max_sizes": (),
            "flip": False,
            "clip": False,
            "offset": float(OFFSET),
        },
        "box_coder": {
            "code_type": "decode_center_size",
            "box_normalized": True,
            "axis": 0,
        },
        "multiclass_nms": _nms(BLAZEFACE_RULE),
    },
    levels=Levels(
        operator="prior_box",
        key="step_h",
        attribute="min_sizes",
        wanted={
            level.step_px: tuple(float(side) for side in level.sides_px)
            for level in BLAZEFACE_LEVELS
        },
    ),
)  # zoo-spec 1.4

#: The same operators by later names.
LATER_NAMES = {"multiclass_nms2": "multiclass_nms", "multiclass_nms3": "multiclass_nms"}


def demand_program(
    program: InferenceProgram, variables: Collection[str], expected: ExpectedProgram
) -> None:
    """Refuse a program that is not the one of the network and the record's protocol.

    Args:
        program: of an opened archive.
        variables: the network's.
        expected: of the row's architecture.

    Raises:
        ArchiveUnreadable: it needs a variable that the network has not, is fed other
            things, or an operator is missing or has another value; it is named.
    """
    more = sorted(set(program.parameters) - set(variables))
    if more:
        raise ArchiveUnreadable(
            f"the program has {len(more)} variables that the network has not",
            expected=f"{len(variables)} variables",
            got=listed(more),
            next_step="the row may name the wrong archive or strategy",
        )
    if (program.im_size is not None) != expected.size_is_fed:
        both = "an image and its original size"
        raise ArchiveUnreadable(
            "feeds of the program",
            expected=both if expected.size_is_fed else "an image alone",
            got=both if program.im_size is not None else "an image alone",
        )
    demand_protocol(program.operators, expected)


def demand_protocol(operators: Sequence[Operator], expected: ExpectedProgram) -> None:
    """Refuse a program whose boxes or NMS are not those of the record's protocol.

    An attribute that a program does not have is younger than the program, and has the
    value of the protocol by default.

    Raises:
        ArchiveUnreadable: an operator is missing or has another value; it is named.
    """
    by_name: dict[str, list[Operator]] = {name: [] for name in expected.counts}
    for operator in operators:
        name = LATER_NAMES.get(operator.kind, operator.kind)
        if name in by_name:
            by_name[name].append(operator)
    for name, several in by_name.items():
        if len(several) != expected.counts[name]:
            raise ArchiveUnreadable(
                f"operators {name} of the program",
                expected=expected.counts[name],
                got=len(several),
            )
        for operator in several:
            _demand_attributes(operator, expected.attributes[name])
    levels = expected.levels
    got = {
        one.attributes.get(levels.key): one.attributes.get(levels.attribute)
        for one in by_name[levels.operator]
    }
    if got != levels.wanted:
        raise ArchiveUnreadable(
            f"{levels.operator} of the program: {levels.attribute} by {levels.key}",
            expected=levels.wanted,
            got=got,
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
