"""Computes the twelve COCO box numbers, in percent."""

from __future__ import annotations

from collections.abc import Mapping

from harness.evaluate.coco.engine_names import DEFAULT_ENGINE
from harness.evaluate.coco.engines import evaluate
from harness.evaluate.coco.stats import SIZES_PX2, STATS
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth


def score(
    detections: Detections | Results, truth: CocoTruth, *, engine: str = DEFAULT_ENGINE
) -> Mapping[str, float]:
    """Return the COCO box APs and ARs in percent, unrounded.

    Class ``c`` is ``truth.category_ids[c]``.  # zoo-spec 1.5

    Args:
        detections: of exactly the images of ``truth``.
        truth: the ground truth.
        engine: of ``ENGINE_NAMES``; all give the same bits.

    Returns:
        ``box_ap`` first, then the other keys of ``STATS``, each without a key when the
        truth has nothing of that size. No detections at all score 0.

    Raises:
        DetectionsInvalid: a score or box is not finite, a class or image is unknown, or
            an image of the truth was not evaluated.
        DatasetInvalid: the truth is malformed, or has nothing to score against.
        UsageError: there is no such engine.
    """
    stats = evaluate(detections, truth, engine=engine).stats
    return {
        key: value * 100
        for key, value in zip(STATS, stats.tolist(), strict=True)
        if value >= 0  # -1: no truth of that size; empty is empty
    }


def ap_by_size(
    detections: Detections | Results, truth: CocoTruth
) -> Mapping[str, float]:
    """Return the AP of each size that the truth has objects of, in percent.

    Arguments and errors as for :func:`score`.
    """
    scores = score(detections, truth)
    keys = {size: f"box_ap_{size}" for size in SIZES_PX2}
    return {size: scores[key] for size, key in keys.items() if key in scores}
