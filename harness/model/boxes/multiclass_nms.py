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
#: the faces. With fewer, a second block is needed; with more, most overlaps are of
#: candidates that nobody needs (measured: half take 4 times as long, double 1.2 times).
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
    kept = np.zeros(0, np.intp)  # [K] pairs, the best first
    looked_at = np.zeros(num_classes, np.intp)  # of each class
    if rule.background_label in range(num_classes):
        above = above[above % num_classes != rule.background_label]
        looked_at[rule.background_label] = rule.nms_top_k  # nobody waits for it
    block_size = math.isqrt(2 * OVERLAPS * num_classes)
    for ranked in ranked_pairs(above, scores, block=block_size):
        left = ranked
        if len(scores) > rule.nms_top_k:
            left = _first_of_class(left, looked_at, rule.nms_top_k)
        if len(kept):
            left = _apart_from_kept(boxes_xyxy, kept, left, num_classes, rule)
        left = _apart_from_better(boxes_xyxy, left, num_classes, rule)
        kept = np.concatenate([kept, left])
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


def _first_of_class(ranked: Pairs, looked_at: Places, nms_top_k: int) -> Pairs:
    """Return the pairs that are among the first ``nms_top_k`` of their class.

    Args:
        ranked: ``[P]``, the best first.
        looked_at: ``[C]``, how many pairs came before of each class; counts these too.
        nms_top_k: of each class.
    """
    classes = ranked % len(looked_at)
    order = np.argsort(classes, kind="stable")
    counts = np.bincount(classes, minlength=len(looked_at))  # [C]
    starts = np.cumsum(counts) - counts
    is_first = np.empty(len(ranked), dtype=bool)
    rank = np.arange(len(order)) + (looked_at - starts)[classes[order]]  # of its class
    is_first[order] = rank < nms_top_k
    looked_at += counts
    first: Pairs = ranked[is_first]
    return first


def _apart_from_kept(
    boxes_xyxy: Floats, kept: Pairs, block: Pairs, num_classes: int, rule: NmsRule
) -> Pairs:
    """Return the pairs of a block that overlap no kept one of their class too much."""
    kinds = kept % num_classes
    kept = kept[np.argsort(kinds, kind="stable")]
    counts = np.bincount(kinds, minlength=num_classes)  # [C]
    places, block_kinds = np.divmod(block, num_classes)
    of_class = counts[block_kinds]
    firsts = _spans((np.cumsum(counts) - counts)[block_kinds], of_class)
    seconds = np.repeat(np.arange(len(kept), len(kept) + len(block)), of_class)
    boxes = boxes_xyxy[np.concatenate([kept // num_classes, places])]
    _, suppressed = _overlapping(boxes, firsts, seconds, rule)
    is_apart = np.ones(len(block), dtype=bool)
    is_apart[suppressed - len(kept)] = False
    apart: Pairs = block[is_apart]
    return apart


def _apart_from_better(
    boxes_xyxy: Floats, block: Pairs, num_classes: int, rule: NmsRule
) -> Pairs:
    """Return the pairs of a block that no better one of their class suppresses."""
    places, kinds = np.divmod(block, num_classes)
    order = np.argsort(kinds.astype(np.int16), kind="stable")  # by class, best first
    ends = np.bincount(kinds, minlength=num_classes).cumsum()[kinds[order]]
    next_ones = np.arange(1, len(block) + 1)
    worse = ends - next_ones  # of its class
    firsts, seconds = np.repeat(next_ones - 1, worse), _spans(next_ones, worse)
    pairs = _overlapping(boxes_xyxy[places[order]], firsts, seconds, rule)
    is_apart = np.empty(len(block), dtype=bool)
    is_apart[order] = ~_suppressed(*pairs, len(block))
    apart: Pairs = block[is_apart]
    return apart


def _overlapping(
    boxes_xyxy: Floats, firsts: Places, seconds: Places, rule: NmsRule
) -> tuple[Places, Places]:
    """Return the pairs of places that overlap too much; a NaN is too much."""
    overlap = iou_of_pairs(boxes_xyxy, firsts, seconds, inclusive=rule.inclusive)
    too_much = np.flatnonzero(~(overlap <= np.float32(rule.nms_threshold)))
    return firsts[too_much], seconds[too_much]


def _suppressed(firsts: Places, seconds: Places, count: int) -> NDArray[np.bool_]:
    """Say which places a better one suppresses that is not suppressed itself.

    Args:
        firsts: ``[Q]``; each is better than its second.
        seconds: ``[Q]``, of the same class, overlapping too much.
        count: of the places.
    """
    suppressed = np.zeros(count, dtype=bool)
    while len(firsts):
        # Nothing better is left that could suppress these: they stay, their seconds go.
        is_doubtful = np.zeros(count, dtype=bool)
        is_doubtful[seconds] = True
        open_pairs = is_doubtful[firsts]
        suppressed[seconds[~open_pairs]] = True
        open_pairs &= ~(suppressed[firsts] | suppressed[seconds])
        firsts, seconds = firsts[open_pairs], seconds[open_pairs]
    return suppressed


def _spans(starts: Places, counts: Places) -> Places:
    """Return ``counts[n]`` numbers from ``starts[n]`` on, one span after the other."""
    ends = np.cumsum(counts)
    spans = np.arange(ends[-1] if len(ends) else 0)
    spans -= np.repeat(ends - counts - starts, counts)
    return spans
