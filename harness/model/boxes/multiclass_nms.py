"""Suppresses overlapping candidates of one image, each class for itself.

Exactly as the published ``multiclass_nms``: a strict score threshold, stable orders,
greedy suppression, and limits per class and per image.  # zoo-spec 1.3, 1.4
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.values.boxes import iou_one_to_many
from harness.values.detections import ImageDetections

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class NmsRule:
    """The attributes of the operator."""

    score_threshold: float
    nms_top_k: int  # candidates per class
    nms_threshold: float
    keep_top_k: int  # detections per image
    inclusive: bool  # normalized=False
    background_label: int = -1  # the class that is never detected; -1: there is none


YOLOV3_RULE = NmsRule(
    score_threshold=0.01,
    nms_top_k=1000,
    nms_threshold=0.45,
    keep_top_k=100,
    inclusive=True,
)  # zoo-spec 1.3

BLAZEFACE_RULE = NmsRule(
    score_threshold=0.01,
    nms_top_k=5000,
    nms_threshold=0.3,
    keep_top_k=750,
    inclusive=False,
    background_label=0,
)  # zoo-spec 1.4


def multiclass_nms(
    boxes_xyxy: Floats, scores: Floats, rule: NmsRule = YOLOV3_RULE
) -> ImageDetections:
    """Suppress overlapping candidates of each class.

    Args:
        boxes_xyxy: ``[N, 4]``.
        scores: ``[N, C]``.
        rule: the operator's attributes.

    Returns:
        Detections by class, within a class by falling score; ties keep box order.
    """
    above = scores > np.float32(rule.score_threshold)  # [N, C]
    classes: list[NDArray[np.int32]] = []
    places: list[NDArray[np.intp]] = []
    for number in np.flatnonzero(above.any(axis=0)):
        if number == rule.background_label:
            continue
        candidates = np.flatnonzero(above[:, number])
        order = np.argsort(-scores[candidates, number], kind="stable")
        candidates = candidates[order[: rule.nms_top_k]]
        kept = candidates[_greedy(boxes_xyxy[candidates], rule)]
        places.append(kept)
        classes.append(np.full(len(kept), number, dtype=np.int32))
    place = np.concatenate([np.zeros(0, np.intp), *places])
    kind = np.concatenate([np.zeros(0, np.int32), *classes])
    kept_scores = scores[place, kind]  # [K]
    if len(kept_scores) > rule.keep_top_k:
        best = np.argsort(-kept_scores, kind="stable")[: rule.keep_top_k]
        best = best[np.argsort(kind[best], kind="stable")]  # classes ascending again
        place, kind, kept_scores = place[best], kind[best], kept_scores[best]
    return ImageDetections(
        classes=kind, scores=kept_scores, boxes_xyxy=boxes_xyxy[place]
    )


def _greedy(boxes_xyxy: Floats, rule: NmsRule) -> NDArray[np.intp]:
    """Return the places kept, in order: each overlaps no earlier kept one too much."""
    threshold = np.float32(rule.nms_threshold)
    left = np.arange(len(boxes_xyxy))
    kept = []
    while len(left):
        head, left = left[0], left[1:]
        kept.append(head)
        overlap = iou_one_to_many(
            boxes_xyxy[head], boxes_xyxy[left], inclusive=rule.inclusive
        )
        left = left[overlap <= threshold]
    return np.asarray(kept, dtype=np.intp)
