"""Computes the COCO scores of each class, and the precision-recall curves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.evaluate.coco.engine_names import DEFAULT_ENGINE
from harness.evaluate.coco.engines import evaluate
from harness.evaluate.coco.stats import (
    IOU_THRESHOLDS,
    RECALL_POINTS,
    SIZES_PX2,
    STATS,
    mean_of,
)
from harness.evaluate.curve import Curve
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth


def by_class(
    detections: Detections | Results, truth: CocoTruth, *, engine: str = DEFAULT_ENGINE
) -> Mapping[str, Mapping[str, float]]:
    """Return the scores of each class that has truth, in percent, unrounded.

    The mean over the classes that have a score is the score of the whole set, up to the
    order of a float sum.

    Args:
        detections: of exactly the images of ``truth``.
        truth: the ground truth.
        engine: of ``ENGINE_NAMES``; all give the same bits.

    Returns:
        Category id as text, ascending by id -> scores by the keys of ``STATS``, each
        left out when the class has no truth of that size.

    Raises:
        DetectionsInvalid: as for ``coco_ap.score``.
        DatasetInvalid: as for ``coco_ap.score``.
        UsageError: there is no such engine.
    """
    evaluated = evaluate(detections, truth, engine=engine)
    scores = {}
    for place, category_id in enumerate(truth.category_ids.tolist()):
        of_class = slice(place, place + 1)
        precision = evaluated.precision[:, :, of_class]
        recall = evaluated.recall[:, of_class]
        values = {
            key: mean_of(stat, precision, recall) * 100 for key, stat in STATS.items()
        }
        if values["box_ap"] >= 0:
            scores[str(category_id)] = {
                key: value for key, value in values.items() if value >= 0
            }
    return scores


def ap_by_class(
    detections: Detections | Results, truth: CocoTruth
) -> Mapping[str, float]:
    """Return the AP of each class that has truth, in percent; as :func:`by_class`."""
    return {
        name: scores["box_ap"] for name, scores in by_class(detections, truth).items()
    }


def curves(
    detections: Detections | Results, truth: CocoTruth, *, engine: str = DEFAULT_ENGINE
) -> tuple[Curve, ...]:
    """Return precision at 101 recall points, of the 100 best detections of each image.

    Args:
        detections: of exactly the images of ``truth``.
        truth: the ground truth.
        engine: of ``ENGINE_NAMES``; all give the same bits.

    Returns:
        One for each class (its category id as text, ascending by id), size (all,
        small, medium, large) and IoU threshold (0.50 to 0.95), in this order; none
        where a class has no truth of a size. ``ap_pct`` is the mean precision.

    Raises:
        DetectionsInvalid: as for ``coco_ap.score``.
        DatasetInvalid: as for ``coco_ap.score``.
        UsageError: there is no such engine.
    """
    evaluated = evaluate(detections, truth, engine=engine)
    made: list[Curve] = []
    for place, category_id in enumerate(truth.category_ids.tolist()):
        for size_place, size in enumerate(SIZES_PX2):
            precision = evaluated.precision[:, :, place, size_place, -1]  # [T, R]
            if (precision < 0).any():
                continue  # no truth
            made += [
                Curve(
                    name=str(category_id),
                    size=size,
                    iou=iou,
                    ap_pct=float(np.mean(at_iou)) * 100,
                    recall=RECALL_POINTS,
                    precision=at_iou,
                )
                for iou, at_iou in zip(IOU_THRESHOLDS.tolist(), precision, strict=True)
            ]
    return tuple(made)
