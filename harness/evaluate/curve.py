"""A precision-recall curve as data: what every metric gives for charts and tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Precision over recall for one class or subset at one IoU threshold, unrounded.

    ``recall`` ascends; both axes are 0 to 1. What lies between two points is the
    metric's own business: ``ap_pct`` is the AP it drew from this curve.
    """

    name: str  # of the class or subset
    size: str = "all"  # "all", or the metric's word for a range of sizes
    iou: float
    ap_pct: float
    recall: NDArray[np.float64]  # [R]
    precision: NDArray[np.float64]  # [R]
