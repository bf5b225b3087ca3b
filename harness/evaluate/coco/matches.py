"""Matches detections with COCO truth, at every overlap and size.

The same matches as pycocotools' ``evaluateImg``, for all images and thresholds at once:
overlaps below the lowest threshold can never match and are dropped first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.evaluate.coco.stats import IOU_THRESHOLDS, MOST_FOUND, SIZES_PX2
from harness.values.detections import Results
from harness.values.truth import CocoTruth

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoMatches:
    """Matches at A sizes and T overlaps.

    Detections are the best hundred of each image and class, by class, then score.
    """

    classes: Ints  # [N] ascending
    images: Ints  # [N] places in ascending image ids
    is_inside: Bools  # [A, N] its own area is of that size
    is_matched: Bools  # [A, T, N]
    is_ignored: Bools  # [A, T, N] matched something that does not count
    true_classes: Ints  # [M]
    true_images: Ints  # [M]
    counts: Bools  # [A, M] is to be found: no crowd, of that size


def match_coco(results: Results, truth: CocoTruth) -> CocoMatches:
    """Match detections with truth; both are checked already.

    A detection takes the free object it overlaps most, of those that count if any
    does; the last of equals. Crowds are never used up.

    Args:
        results: ``xywh``, classes as places in ``truth.category_ids``.
        truth: the ground truth.
    """
    ids = np.sort(truth.image_ids)
    images = np.searchsorted(ids, results.image_ids)  # [N]
    true_images = np.searchsorted(ids, truth.box_image_ids)  # [M]
    true_classes = np.searchsorted(truth.category_ids, truth.box_category_ids)
    pairs = results.classes.astype(np.int64) * len(ids) + images  # [N] by class first
    order = np.lexsort((-results.scores, pairs))  # stable: the file's order on ties
    order = order[_rank(pairs[order]) < MOST_FOUND[-1]]
    pairs, boxes = pairs[order], results.boxes[order]
    areas = boxes[:, 2] * boxes[:, 3]  # [N]
    counts = np.stack(
        [_is_within(truth.areas_px2, one) & ~truth.is_crowd for one in SIZES_PX2]
    )  # [A, M]
    matched, ignored = _match(
        *_overlaps(pairs, boxes, true_classes * len(ids) + true_images, truth),
        counts=counts,
        is_crowd=truth.is_crowd,
        pairs=pairs,
    )
    # pycocotools sorts a class's detections by score, those of earlier images first
    ranked = np.lexsort((-results.scores[order], pairs // len(ids)))  # [N]
    return CocoMatches(
        classes=pairs[ranked] // len(ids),
        images=pairs[ranked] % len(ids),
        is_inside=np.stack([_is_within(areas, one) for one in SIZES_PX2])[:, ranked],
        is_matched=matched[:, :, ranked],
        is_ignored=ignored[:, :, ranked],
        true_classes=true_classes,
        true_images=true_images,
        counts=counts,
    )


def _is_within(areas_px2: NDArray[np.float64], size: str) -> Bools:
    low, high = SIZES_PX2[size]
    within: Bools = (areas_px2 >= low) & (areas_px2 <= high)
    return within


def _rank(groups: Ints) -> Ints:
    """Return the place of each entry in its group; equal groups lie together."""
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    sizes = np.diff(starts, append=len(groups))
    return np.arange(len(groups)) - np.repeat(starts, sizes)


def _overlaps(
    pairs: Ints, boxes: NDArray[np.float64], true_pairs: Ints, truth: CocoTruth
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Return detection, object and overlap wherever it reaches the lowest threshold.

    Detections ascend, and for each of them the objects.
    """
    order = np.argsort(true_pairs, kind="stable")  # [M]
    first = np.searchsorted(true_pairs[order], pairs, side="left")  # [N]
    count = np.searchsorted(true_pairs[order], pairs, side="right") - first  # [N]
    mine = np.repeat(np.arange(len(pairs)), count)  # [E]
    start = np.repeat(np.cumsum(count) - count, count)  # [E]
    theirs = order[np.repeat(first, count) + np.arange(len(mine)) - start]  # [E]
    one, other = boxes[mine].T, truth.boxes_xywh[theirs].T  # [4, E]
    wide = np.minimum(one[2] + one[0], other[2] + other[0]) - np.maximum(
        one[0], other[0]
    )
    high = np.minimum(one[3] + one[1], other[3] + other[1]) - np.maximum(
        one[1], other[1]
    )
    inter = np.where((wide > 0) & (high > 0), wide * high, 0.0)  # [E]
    area = one[2] * one[3]
    union = np.where(truth.is_crowd[theirs], area, area + other[2] * other[3] - inter)
    overlap = np.divide(inter, union, out=np.zeros_like(inter), where=inter > 0)
    kept = overlap >= IOU_THRESHOLDS[0]
    return mine[kept], theirs[kept], overlap[kept]


def _match(
    mine: Ints,
    theirs: Ints,
    overlap: NDArray[np.float64],
    *,
    counts: Bools,
    is_crowd: Bools,
    pairs: Ints,
) -> tuple[Bools, Bools]:
    """Return ``is_matched`` and ``is_ignored``: the n-th of every pair at a time."""
    shape = (len(counts), len(IOU_THRESHOLDS), len(pairs))
    matched, ignored = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    taken = np.zeros((*shape[:2], len(is_crowd)), np.bool_)  # [A, T, M]
    asked, place = np.unique(mine, return_inverse=True)  # detections with a chance
    turn = _rank(pairs[asked])[place]  # [E]
    enough = np.minimum(IOU_THRESHOLDS, 1 - 1e-10)[:, None]  # pycocotools, evaluateImg
    for n in range(int(turn.max(initial=-1)) + 1):
        now = turn == n
        one, other, value = mine[now], theirs[now], overlap[now]
        starts = np.flatnonzero(np.diff(one, prepend=-1))  # [D] one per detection
        sizes = np.diff(starts, append=len(one))
        may = (~taken[:, :, other] | is_crowd[other]) & (value >= enough)  # [A, T, E]
        wanted = may & counts[:, None, other]  # [A, T, E]
        any_wanted = np.logical_or.reduceat(wanted, starts, axis=2)  # [A, T, D]
        open_to = np.where(np.repeat(any_wanted, sizes, axis=2), wanted, may)
        ranks = np.where(open_to, value, -1.0)  # [A, T, E]
        best = np.repeat(np.maximum.reduceat(ranks, starts, axis=2), sizes, axis=2)
        chosen = np.where(open_to & (ranks == best), np.arange(len(one)), -1)
        last = np.maximum.reduceat(chosen, starts, axis=2)  # [A, T, D]
        size, threshold, detection = np.nonzero(last >= 0)
        entry = last[size, threshold, detection]
        taken[size, threshold, other[entry]] = True
        matched[size, threshold, one[entry]] = True
        ignored[size, threshold, one[entry]] = ~counts[size, other[entry]]
    return matched, ignored
