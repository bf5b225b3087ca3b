"""Computes the VOC mAPs as a function of how often each image counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.evaluate.voc.ap import matches_of
from harness.evaluate.voc.matching import Matches
from harness.evaluate.voc.options import PUBLISHED, VocOptions
from harness.evaluate.weighted_ap import Part, RankedMatches, Weighted
from harness.values.detections import Detections, Results
from harness.values.truth import VocTruth


def weighted_voc(
    detections: Detections | Results, truth: VocTruth, options: VocOptions = PUBLISHED
) -> Weighted:
    """Match once, and return what the VOC mAPs become for any weights.

    With every weight 1 they are those of ``voc_ap.score``, to 1e-9.

    Args:
        detections: of exactly the images of ``truth``.
        truth: the ground truth.
        options: the conventions.

    Raises:
        DetectionsInvalid: as for ``voc_ap.score``.
        DatasetInvalid: as for ``voc_ap.score``.
    """
    matches = matches_of(detections, truth, options)
    names: list[str] = truth.class_names.tolist()
    area = rank_voc(matches, len(names))
    points = replace(area, recall_points=options.recalls())
    main = points if options.interpolation == "11point" else area

    def score(weights: NDArray[np.int64]) -> NDArray[np.float64]:
        ap, by_area = main.ap(weights)[:, 0], area.ap(weights)[:, 0]  # [C]
        if options.classes_without_predictions == "skipped":
            answered = np.bincount(
                matches.classes,
                weights=weights[matches.images],
                minlength=len(names),
            )
            ap = np.where(answered > 0, ap, np.nan)
            by_area = np.where(answered > 0, by_area, np.nan)
        if options.classes is not None:
            is_chosen = np.isin(names, options.classes)  # [C]
            ap = np.where(is_chosen, ap, np.nan)
            by_area = np.where(is_chosen, by_area, np.nan)
        return np.array([_mean(ap), _mean(by_area), *ap]) * 100.0

    return Weighted(
        image_ids=truth.image_ids,
        parts=(
            Part(by="all", name="box_ap"),
            Part(by="all", name="box_ap_area"),
            *(Part(by="class", name=one) for one in names),
        ),
        score=score,
    )


def rank_voc(matches: Matches, class_count: int) -> RankedMatches:
    """Return the matches as one pool and one curve for each class."""
    places = np.flatnonzero(matches.is_right)  # [E]
    return RankedMatches(
        curves_a_pool=1,
        pool_images=matches.images,
        pool_starts=np.searchsorted(matches.classes, np.arange(class_count)),
        event_curves=matches.classes[places],
        event_images=matches.images[places],
        event_pool_ends=places + 1,
        event_is_true=np.ones(len(places), np.bool_),
        event_counts=np.zeros(len(places), np.int64),
        positive_pools=matches.object_classes,
        positive_images=matches.object_images,
        recall_points=None,
    )


def _mean(ap: NDArray[np.float64]) -> float:
    """Return the mean of the classes that count; 0, as the metric has it, of none."""
    there = ap[~np.isnan(ap)]
    return float(there.mean()) if len(there) else 0.0
