"""The conventions of the VOC metric, by name; the defaults are the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError

N_RECALL_POINTS = 11  # zoo-spec 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class VocOptions:
    """What the published VOC evaluation did, each choice by its name (zoo-spec 1.6).

    Attributes:
        interpolation: of ``box_ap``: the mean of the best precision at 11 recalls, or
            the area under the best precision (as VOC has it since 2010).
        recall_points: when an object count reaches the 11 recalls: "tenths" compares
            whole numbers, "float_steps" the float64 of ``np.arange(0, 1.1, 0.1)``,
            whose 0.3, 0.6 and 0.7 lie just above: 3 of 5 objects do not reach 0.6.
        iou_threshold: what an overlap is held against.
        must_exceed: an overlap of just the threshold is none.
        inclusive_px: the far edge counts: a side is ``far - near + 1``.
        touching_overlap: boxes that share one row or column of pixels alone overlap by
            it, as inclusive pixels have it; else they must overlap beyond it.
        ignore_difficult: a difficult object need not be found, and what finds it is
            neither right nor wrong; else it is an object like any other.
        clip_truth: cut truth to 0 .. side - 1, as if its first pixel were 0. It is 1,
            so this takes a pixel from objects at the far edge.
        prediction_origin: the number of the first pixel in predictions when they meet
            the truth, whose is 1. The published evaluation shifted neither: 0.
        max_truth_boxes: objects of an image beyond so many are lost. Padding up to so
            many is stripped at the first box that is all zero, and what follows is lost
            with it. None: neither.
        matching_order: who takes an object that several detections of an image find:
            the best score, or the first that is given. A detector gives the best first,
            so to the published rows it is the same; in other tools' files it is not.
        classes_without_predictions: left out of the mean, or counted as 0 (so from
            upstream's release/0.2 on). Ignored predictions are none.
        classes: the names that the mean is of; None: all that have objects.
        images_without_objects: left out with all that was found in them, or counted.
    """

    interpolation: Literal["11point", "area"] = "11point"
    recall_points: Literal["tenths", "float_steps"] = "tenths"
    iou_threshold: float = 0.5
    must_exceed: bool = True
    inclusive_px: bool = True
    touching_overlap: bool = False
    ignore_difficult: bool = True
    clip_truth: bool = True
    prediction_origin: Literal[0, 1] = 0
    max_truth_boxes: int | None = 50
    matching_order: Literal["score", "given"] = "score"
    classes_without_predictions: Literal["skipped", "zero"] = "skipped"
    classes: tuple[str, ...] | None = None
    images_without_objects: Literal["skipped", "counted"] = "skipped"

    def __post_init__(self) -> None:
        """Refuse numbers that no evaluation can have.

        Raises:
            UsageError: the threshold is no overlap, or no box at all may be kept.
        """
        if not 0 < self.iou_threshold <= 1:
            raise UsageError(
                "iou_threshold", expected="above 0, at most 1", got=self.iou_threshold
            )
        if self.max_truth_boxes is not None and self.max_truth_boxes < 1:
            raise UsageError(
                "max_truth_boxes", expected="1 or more", got=self.max_truth_boxes
            )

    def recalls(self) -> NDArray[np.float64]:
        """Return the 11 recalls as float64: ``[11]``, from 0 to 1."""
        if self.recall_points == "float_steps":
            return np.arange(0, 1.1, 0.1)  # py-faster-rcnn, voc_eval.py, voc_ap
        return np.arange(N_RECALL_POINTS) / (N_RECALL_POINTS - 1)


#: What the published numbers were made with.
PUBLISHED = VocOptions()

#: What the devkit's evaluation does, as py-faster-rcnn's ``voc_eval`` has it: boxes of
#: files count from 1 as the truth does, and every object and every image counts. (A
#: class without objects counts 0 there; here it has nothing to find and is left out.)
DEVKIT = VocOptions(
    recall_points="float_steps",
    touching_overlap=True,
    clip_truth=False,
    prediction_origin=1,
    max_truth_boxes=None,
    classes_without_predictions="zero",
    images_without_objects="counted",
)

#: Word of ``--convention`` -> how result files are scored by it. A class that files say
#: nothing of counts 0 by both: an incomplete folder must not score higher.
VOC_CONVENTIONS: Mapping[str, VocOptions] = {
    "devkit": DEVKIT,
    "paddledetection": replace(PUBLISHED, classes_without_predictions="zero"),
}
