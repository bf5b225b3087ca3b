"""Suppresses overlapping candidates of one image, each class for itself.

Exactly as the published ``multiclass_nms``: a strict score threshold, stable orders,
greedy suppression, and limits per class and per image.  # zoo-spec 1.3, 1.4

The published operator finishes one class after the other, and cuts to the limit of an
image at the end. Here the candidates of all classes come together, the best first. So
the work ends at the last one that the limit lets in. What a candidate meets is still
the better ones of its class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.ranked_pairs import Pairs, ranked_pairs
from harness.values.boxes import iou_of_pairs
from harness.values.detections import ImageDetections

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

#: Of so many overlaps, about, the work is made up: 400 candidates of 80 classes, 63 of
#: the faces. Fewer leave the time to numpy's calls, more to overlaps that nobody needs
#: (measured: half and double take 1.1 to 1.6 times as long).
OVERLAPS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NmsRule:
    """The attributes of the operator."""

    score_threshold: float
    nms_top_k: int  # candidates per class
    nms_threshold: float  # 0 or more: boxes that do not touch never suppress
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
    num_classes = scores.shape[1]
    scores = np.ascontiguousarray(scores)
    above = np.flatnonzero(scores > np.float32(rule.score_threshold))  # [P]
    if rule.background_label >= 0:
        above = above[above % num_classes != rule.background_label]
    kept = np.zeros(0, np.intp)  # [K] pairs, the best first
    looked_at = np.zeros(num_classes, np.intp)  # of each class
    block_size = math.isqrt(2 * OVERLAPS * num_classes)
    for ranked in ranked_pairs(above, scores, block=block_size):
        classes = ranked % num_classes
        is_first = _first_of_class(classes, looked_at, rule.nms_top_k)
        looked_at += np.bincount(classes, minlength=num_classes)
        block = ranked[is_first]
        block = block[_apart_from_kept(boxes_xyxy, kept, block, num_classes, rule)]
        block = block[_apart_from_better(boxes_xyxy, block, num_classes, rule)]
        kept = np.concatenate([kept, block])
        if len(kept) >= rule.keep_top_k or (looked_at >= rule.nms_top_k).all():
            break
    place, kind = np.divmod(kept[: rule.keep_top_k], num_classes)
    by_class = np.argsort(kind, kind="stable")
    place, kind = place[by_class], kind[by_class]
    return ImageDetections(
        classes=kind.astype(np.int32),
        scores=scores[place, kind],
        boxes_xyxy=boxes_xyxy[place],
    )


def _first_of_class(
    classes: Places, looked_at: Places, nms_top_k: int
) -> NDArray[np.bool_]:
    """Say which are among the first ``nms_top_k`` of their class, counted from 0."""
    counts = np.bincount(classes, minlength=len(looked_at))  # [C]
    is_first = np.ones(len(classes), dtype=bool)
    if (looked_at + counts > nms_top_k).any():
        order = np.argsort(classes, kind="stable")
        ranks = (
            np.arange(len(order))
            + (looked_at - np.cumsum(counts) + counts)[classes[order]]
        )
        is_first[order] = ranks < nms_top_k
    return is_first


def _apart_from_kept(
    boxes_xyxy: Floats, kept: Pairs, block: Pairs, num_classes: int, rule: NmsRule
) -> NDArray[np.bool_]:
    """Say which pairs of a block overlap no kept one of their class too much."""
    is_apart = np.ones(len(block), dtype=bool)
    if len(kept):
        kinds = kept % num_classes
        kept = kept[np.argsort(kinds, kind="stable")]
        counts = np.bincount(kinds, minlength=num_classes)  # [C]
        places, block_kinds = np.divmod(block, num_classes)
        of_class = counts[block_kinds]
        firsts = _spans((np.cumsum(counts) - counts)[block_kinds], of_class)
        seconds = np.repeat(np.arange(len(kept), len(kept) + len(block)), of_class)
        boxes = boxes_xyxy[np.concatenate([kept // num_classes, places])]
        _, suppressed = _overlapping(boxes, firsts, seconds, rule)
        is_apart[suppressed - len(kept)] = False
    return is_apart


def _apart_from_better(
    boxes_xyxy: Floats, block: Pairs, num_classes: int, rule: NmsRule
) -> NDArray[np.bool_]:
    """Say which pairs of a block overlap no better one too much that stays itself."""
    places, kinds = np.divmod(block, num_classes)
    order = np.argsort(kinds.astype(np.int16), kind="stable")  # by class, best first
    ends = np.bincount(kinds, minlength=num_classes).cumsum()[kinds[order]]
    next_ones = np.arange(1, len(block) + 1)
    worse = ends - next_ones  # of its class
    firsts, seconds = np.repeat(next_ones - 1, worse), _spans(next_ones, worse)
    pairs = _overlapping(boxes_xyxy[places[order]], firsts, seconds, rule)
    is_apart = np.ones(len(block), dtype=bool)
    is_apart[order[_suppressed(*pairs, len(block))]] = False
    return is_apart


def _overlapping(
    boxes_xyxy: Floats, firsts: Places, seconds: Places, rule: NmsRule
) -> tuple[Places, Places]:
    """Return the pairs of places that overlap too much; a NaN is too much."""
    overlap = iou_of_pairs(boxes_xyxy, firsts, seconds, inclusive=rule.inclusive)
    is_more = ~(overlap <= np.float32(rule.nms_threshold))
    return firsts[is_more], seconds[is_more]


def _suppressed(firsts: Places, seconds: Places, count: int) -> list[int]:
    """Return the seconds of those firsts that are not suppressed themselves.

    Args:
        firsts: ``[Q]``, rising; each is better than its second.
        seconds: ``[Q]``, of the same class, overlapping too much.
        count: of the places.
    """
    suppressed: set[int] = set()
    others = seconds.tolist()
    start = 0
    for first, end in enumerate(np.bincount(firsts, minlength=count).cumsum().tolist()):
        if first not in suppressed:
            suppressed.update(others[start:end])
        start = end
    return list(suppressed)


def _spans(starts: Places, counts: Places) -> Places:
    """Return ``counts[n]`` numbers from ``starts[n]`` on, one span after the other."""
    before = np.cumsum(counts) - counts
    spans: Places = np.arange(counts.sum()) - np.repeat(before - starts, counts)
    return spans
