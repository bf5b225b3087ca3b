"""Computes the COCO APs as a function of how often each image counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.evaluate.coco.matches import CocoMatches, match_coco
from harness.evaluate.coco.stats import IOU_THRESHOLDS, RECALL_POINTS, SIZES_PX2
from harness.evaluate.weighted_ap import Part, RankedMatches, Weighted
from harness.formats.coco_results import to_results
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth

#: Key of a score over all sizes -> the overlaps it is the mean of.
OVERLAPS = {"box_ap": slice(None), "box_ap50": slice(0, 1), "box_ap75": slice(5, 6)}


def weighted_coco(detections: Detections | Results, truth: CocoTruth) -> Weighted:
    """Match once, and return what the COCO box APs become for any weights.

    With every weight 1 they are those of ``coco_ap.score``, to 1e-9.

    Args:
        detections: checked, of exactly the images of ``truth``.
        truth: the ground truth.
    """
    results = (
        to_results(detections) if isinstance(detections, Detections) else detections
    )
    class_count = len(truth.category_ids)
    ranked = rank_coco(match_coco(results, truth), class_count)

    def score(weights: NDArray[np.int64]) -> NDArray[np.float64]:
        ap = ranked.ap(weights).reshape(
            class_count, len(SIZES_PX2), len(IOU_THRESHOLDS)
        )
        return np.array(
            [
                *(_mean(ap[:, 0, overlaps]) for overlaps in OVERLAPS.values()),
                *(_mean(ap[:, size]) for size in range(1, len(SIZES_PX2))),
                *(_mean(ap[one, 0]) for one in range(class_count)),
            ]
        )

    return Weighted(
        image_ids=np.sort(truth.image_ids),
        parts=(
            *(Part(by="all", name=key) for key in OVERLAPS),
            *(Part(by="size", name=size) for size in list(SIZES_PX2)[1:]),
            *(Part(by="class", name=str(one)) for one in truth.category_ids),
        ),
        score=score,
    )


def rank_coco(matches: CocoMatches, class_count: int) -> RankedMatches:
    """Return the matches as pools of class and size, with a curve for each overlap."""
    sizes, overlaps, _ = matches.is_matched.shape
    class_starts = np.searchsorted(matches.classes, np.arange(class_count))  # [K]
    inside = np.zeros((sizes, len(matches.classes) + 1), np.int64)  # [A, N + 1]
    np.cumsum(matches.is_inside, axis=1, out=inside[:, 1:])
    inside[1:] += np.cumsum(inside[:-1, -1])[:, None]  # pools of one size, then next
    size, overlap, place = np.nonzero(
        matches.is_matched & ~(matches.is_ignored & ~matches.is_inside[:, None])
    )  # [E]
    curves = (matches.classes[place] * sizes + size) * overlaps + overlap
    order = np.lexsort((place, curves))
    size, overlap, place = size[order], overlap[order], place[order]
    is_true = ~matches.is_ignored[size, overlap, place]
    true_size, true_place = np.nonzero(matches.counts)  # [P]
    return RankedMatches(
        curves_a_pool=overlaps,
        pool_images=np.concatenate([matches.images[one] for one in matches.is_inside]),
        pool_starts=inside[:, class_starts].T.ravel(),
        event_curves=curves[order],
        event_images=matches.images[place],
        event_pool_ends=inside[size, place + 1],
        event_is_true=is_true,
        event_counts=is_true.astype(np.int64) - matches.is_inside[size, place],
        positive_pools=matches.true_classes[true_place] * sizes + true_size,
        positive_images=matches.true_images[true_place],
        recall_points=RECALL_POINTS,
    )


def _mean(ap: NDArray[np.float64]) -> float:
    """Return the mean of what is there, in percent; NaN when nothing is."""
    there = ap[~np.isnan(ap)]
    return 100 * float(there.mean()) if len(there) else float("nan")
