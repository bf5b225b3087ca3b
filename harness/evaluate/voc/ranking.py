"""Scores in, their descending order out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def rank_descending(scores: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return the places of the scores, the highest first, equal ones as they come.

    The same as ``np.argsort(-scores, kind="stable")``, in a third of its time.

    Args:
        scores: ``[N]``, float32 or float64, no NaN.

    Returns:
        ``[N]``.
    """
    bits = 8 * scores.dtype.itemsize
    unsigned = np.dtype(f"u{scores.dtype.itemsize}").type
    sign = unsigned(1 << (bits - 1))
    # The bits of a float ascend as its size does. Turned where it is positive, they
    # descend as its value does. Adding 0 makes -0.0 the 0.0 that it equals.
    raw = (scores + scores.dtype.type(0)).view(unsigned)
    keys = np.where(raw & sign, raw, ~(raw | sign))
    order = np.arange(len(scores))
    # numpy sorts 16 bits by counting, and keeps the order of what is equal: from the
    # lowest bits on, each turn leaves the turns before as its ties.
    for shift in range(0, bits, 16):
        part = (keys[order] >> unsigned(shift)).astype(np.uint16)
        order = order[np.argsort(part, kind="stable")]
    return order
