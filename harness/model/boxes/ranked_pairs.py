"""Ranks the candidates of all classes together, and no more of them than are asked for.

A pair is a box and a class, written as its place in the flat scores.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pairs = NDArray[np.intp]  # [P] box * C + class

#: How much more is ranked each time that what was ranked did not suffice. Most of it is
#: then suppressed by what is kept already, which takes the less for being done at once.
GROWTH = 4


def ranked_pairs(pairs: Pairs, scores: Floats, *, block: int) -> Iterator[Pairs]:
    """Give pairs in blocks, best score first; ties by class, then by box.

    Args:
        pairs: ``[P]``, rising.
        scores: ``[N, C]``, contiguous; those of the pairs are no NaN.
        block: the most pairs given at first; later blocks may be ``GROWTH`` times that.

    Yields:
        Pairs, at least one.
    """
    falling = -scores.reshape(-1)[pairs]  # [P]
    num_classes = scores.shape[1]
    size = longest = block
    while len(pairs):
        # What ties with the last one comes along: the next batch is strictly worse.
        is_best = _smallest(falling, size)
        place = np.flatnonzero(is_best)
        best = _ranked(pairs[place], falling[place], num_classes)
        start = 0
        while start < len(best):
            yield best[start : start + longest]
            start += longest
            longest = min(2 * longest, GROWTH * block)
        pairs, falling = pairs[~is_best], falling[~is_best]
        size *= GROWTH


def _smallest(falling: Floats, size: int) -> NDArray[np.bool_]:
    """Say which are among the first ``size``, or tie with the last of these."""
    if len(falling) <= size:
        return np.ones(len(falling), dtype=bool)
    smallest: NDArray[np.bool_] = falling <= np.partition(falling, size - 1)[size - 1]
    return smallest


def _ranked(pairs: Pairs, falling: Floats, num_classes: int) -> Pairs:
    # Three stable orders, the last one first: box (as given), class, score.
    by_class = np.argsort((pairs % num_classes).astype(np.int16), kind="stable")
    by_score = np.argsort(falling[by_class], kind="stable")
    ranked: Pairs = pairs[by_class[by_score]]
    return ranked
