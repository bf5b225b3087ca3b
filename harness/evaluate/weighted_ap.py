"""Computes APs in which each image counts as often as its weight says.

Matching looks at one image at a time, so it is done once. For each set of weights
only a walk along the detections remains, which are in score order already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the numbers that a metric gives."""

    by: str  # "all", "size", "class" or "subset"
    name: str  # the metric's key, or that of the size, class or subset


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """A metric of fixed detections, as a function of how often each image counts."""

    image_ids: Ints  # [I] what the weights are of
    parts: tuple[Part, ...]  # what a metric's rows claim first
    score: Callable[[Ints], Floats]  # [I] -> [parts] percent; NaN: nothing to find


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedMatches:
    """Detections in score order with what they matched, for G pools of T curves.

    A pool is one class (at one size), a curve of it one overlap. The pool holds the
    detections that count in most of its curves; an *event* is a detection that a curve
    finds true, or counts otherwise than its pool.
    """

    curves_a_pool: int  # T: curve ``l`` is of pool ``l // T``
    pool_images: Ints  # [B] places of images; pools one after another, by score
    pool_starts: Ints  # [G] where each begins
    event_curves: Ints  # [E] ascending; within a curve by score
    event_images: Ints  # [E]
    event_pool_ends: Ints  # [E] where the pool stands after this detection's turn
    event_is_true: NDArray[np.bool_]  # [E]
    event_counts: Ints  # [E] +1 counts and is not in the pool, -1 the reverse, else 0
    positive_pools: Ints  # [P] one entry per object to be found
    positive_images: Ints  # [P]
    recall_points: Floats | None  # [R] AP is the mean there; None: the area

    def ap(self, weights: Ints) -> Floats:
        """Return the AP of each curve as a fraction; NaN where nothing is to be found.

        The result is that of a set with ``weights[i]`` copies of image ``i`` in a row.
        Copies of a detection, being of one score, follow each other.

        Args:
            weights: ``[I]``, 0 or more.

        Returns:
            ``[G, T]``.
        """
        pools, wide = len(self.pool_starts), self.curves_a_pool
        weight = weights.astype(np.float64)  # sums below 2**53: exact
        positives = np.bincount(
            self.positive_pools,
            weights=weight[self.positive_images],
            minlength=pools,
        )  # [G]
        event_pools = self.event_curves // wide  # [E]
        firsts = np.searchsorted(self.event_curves, np.arange(pools * wide))  # [L]
        first = firsts[self.event_curves]  # [E]
        pool = _sums(weight[self.pool_images])  # [B + 1]
        event_weight = weight[self.event_images]  # [E]
        true = _sums(event_weight * self.event_is_true)  # [E + 1]
        other = _sums(event_weight * self.event_counts)  # [E + 1]
        matched = true[1:] - true[first]  # [E]
        counted = pool[self.event_pool_ends] - pool[self.pool_starts[event_pools]]
        counted += other[1:] - other[first]  # [E]
        precision = _ratio(matched, counted)  # [E]
        reached = self._reached(_ratio(matched, positives[event_pools]))  # [E]
        before = np.concatenate([[0.0], reached])[:-1]  # [E]
        before[firsts[firsts < len(before)]] = 0  # nothing of the curve before
        gained = (reached - before) * self._best_from_here(precision)  # [E]
        total = np.bincount(self.event_curves, weights=gained, minlength=pools * wide)
        return np.where(positives[:, None] > 0, total.reshape(pools, wide), np.nan)

    def _reached(self, recall: Floats) -> Floats:
        """Return the share of the recall axis up to each event."""
        if self.recall_points is None:
            return recall
        points = self.recall_points
        reached: Floats = np.searchsorted(points, recall, side="right") / len(points)
        return reached

    def _best_from_here(self, precision: Floats) -> Floats:
        """Return the highest precision of each event and those after it in its curve.

        One running maximum for all curves: each later curve lies 2 lower, which costs
        the last digits (1e-12 of a precision for thousands of curves).
        """
        lift = 2.0 * self.event_curves  # [E]
        lifted = np.maximum.accumulate((precision - lift)[::-1])[::-1]
        best: Floats = lifted + lift
        return best


def _sums(values: Floats) -> Floats:
    """Return running sums with a zero before them: ``[E + 1]``."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return ``part / whole``, 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
