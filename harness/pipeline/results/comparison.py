"""Compares the scores of two sets of detections of the same images."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from harness.errors import HarnessError, UsageError
from harness.evaluate.bootstrap import Difference, differences
from harness.evaluate.metrics import METRICS, metric_of
from harness.evaluate.weighted_ap import Weighted
from harness.pipeline.gate.rescore import SAME_SCORE_PCT
from harness.pipeline.results.scored_run import ScoredRun


def compare_runs(
    first: ScoredRun, second: ScoredRun, *, resamples: int, seed: int
) -> tuple[Difference, ...]:
    """Return every score of both runs, with a 95 % interval of the difference.

    Args:
        first: what differences are taken from.
        second: of the same images and truth.
        resamples: how many sets of images to draw.
        seed: of the draws, 0 or more; the same seed gives the same intervals.

    Raises:
        UsageError: the two are not of the same dataset, truth and convention, their
            dataset cannot be compared, no resamples, or a seed below 0.
        DetectionsInvalid: a metric refuses the detections.
    """
    if seed < 0:
        raise UsageError(
            "seed", expected="0 or more", got=seed, next_step="give another --seed"
        )
    if first.dataset != second.dataset:
        raise UsageError(
            "datasets",
            expected=first.dataset,
            got=second.dataset,
            next_step="compare detections of one dataset",
        )
    if first.dataset not in METRICS:
        raise UsageError(
            "dataset to compare on",
            expected=" or ".join(METRICS),
            got=repr(first.dataset),
            next_step="compare detections of one of these",
        )
    if first.truth.sha256() != second.truth.sha256():
        raise UsageError(
            f"{first.name} and {second.name} were scored against different truth",
            expected="the same images and objects",
            got=f"{len(first.truth.image_ids)} images, {len(first.truth.box_image_ids)}"
            f" objects and {len(second.truth.image_ids)} images, "
            f"{len(second.truth.box_image_ids)} objects",
            next_step="measure both on the same dataset",
        )
    if first.convention.options != second.convention.options:
        raise UsageError(
            f"{first.name} and {second.name} are scored in different ways",
            expected=first.convention,
            got=second.convention,
            next_step="give --convention or --arithmetic, for both",
        )
    return differences(
        _weighted(first),
        _weighted(second),
        resamples=resamples,
        rng=np.random.default_rng(seed),
    )


def _weighted(run: ScoredRun) -> Weighted:
    """Return the run's scores as a function of weights, held to its metric once."""
    metric = metric_of(run.dataset, options=run.convention.options)
    scores = metric.score(run.detections, run.truth)
    weighted = metric.weighted(run.detections, run.truth)
    once = weighted.score(np.ones(len(weighted.image_ids), np.int64))
    _demand_same(run, scores, weighted, once.tolist())
    return weighted


def _demand_same(
    run: ScoredRun, scores: Mapping[str, float], weighted: Weighted, once: list[float]
) -> None:
    for part, got in zip(weighted.parts, once, strict=True):
        expected = scores.get(part.name) if part.by in {"all", "subset"} else None
        if expected is not None and not math.isclose(
            got, expected, rel_tol=0, abs_tol=SAME_SCORE_PCT
        ):
            raise HarnessError(
                f"{part.name} of {run.name} from its matches is not the metric's",
                expected=expected,
                got=got,
                next_step="report it: one of the two is wrong",
            )
