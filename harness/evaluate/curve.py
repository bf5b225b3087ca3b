"""A precision-recall curve, as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The precision and recall of one class or subset, and the area under them."""

    name: str  # of the class or subset
    size: str = "all"
    iou: float  # the least overlap that counts as found
    ap_pct: float  # unrounded
    recall: NDArray[np.float64]  # [R] ascending
    precision: NDArray[np.float64]  # [R] as measured: no envelope
