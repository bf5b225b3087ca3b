"""Resamples images to say how sure the difference of two sets of detections is.

A resampled set draws as many images as there are, with repetition; an image that is
drawn twice counts twice, its objects and its detections. Both sets are scored on the
same draws, so what makes an image hard cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.errors import DetectionsInvalid, UsageError
from harness.evaluate.weighted_ap import Part, Weighted

#: Ends of the interval that holds 95 % of the resampled differences.
INTERVAL_PCT = (2.5, 97.5)

#: The interval's ends stop moving long before; every resample is held in memory.
MOST_RESAMPLES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One number of both sets, and how far chance in the images could move it."""

    part: Part
    first_pct: float
    second_pct: float
    difference_pct: float  # second - first
    low_pct: float  # ends of the interval of the difference
    high_pct: float
    used: int  # resamples in which there was something to find

    @property
    def excludes_zero(self) -> bool:
        """Return whether the interval lies on one side of zero."""
        return self.low_pct > 0 or self.high_pct < 0


def differences(
    first: Weighted, second: Weighted, *, resamples: int, rng: np.random.Generator
) -> tuple[Difference, ...]:
    """Return every number of both sets with the interval of their difference.

    A number that the truth does not define (nothing of that class or size) is left out.

    Args:
        first: what the difference is taken from.
        second: of the same images and the same metric.
        resamples: how many sets of images to draw, 1 or more.
        rng: what draws them.

    Raises:
        UsageError: no resamples, or more than can be held.
        DetectionsInvalid: the two are not of the same images and metric.
    """
    if not 1 <= resamples <= MOST_RESAMPLES:
        raise UsageError(
            "resamples",
            expected=f"1 or more, at most {MOST_RESAMPLES}",
            got=resamples,
            next_step="give another --resamples; 1000 is usual",
        )
    if first.parts != second.parts or not np.array_equal(
        first.image_ids, second.image_ids
    ):
        raise DetectionsInvalid(
            "two sets that cannot be compared",
            expected="the same images and classes",
            got=f"{len(first.image_ids)} and {len(second.image_ids)} images",
        )
    count = len(first.image_ids)
    once = np.ones(count, np.int64)
    first_pct, second_pct = first.score(once), second.score(once)  # [parts]
    moved = np.empty((resamples, len(first_pct)))  # [resamples, parts]
    for draw in moved:
        weights = np.bincount(rng.integers(0, count, count), minlength=count)
        draw[:] = second.score(weights) - first.score(weights)
    compared = []
    for place, part in enumerate(first.parts):
        there = moved[~np.isnan(moved[:, place]), place]
        if np.isnan(first_pct[place]) or not len(there):
            continue
        low, high = np.percentile(there, INTERVAL_PCT)
        compared.append(
            Difference(
                part=part,
                first_pct=float(first_pct[place]),
                second_pct=float(second_pct[place]),
                difference_pct=float(second_pct[place] - first_pct[place]),
                low_pct=float(low),
                high_pct=float(high),
                used=len(there),
            )
        )
    return tuple(compared)
