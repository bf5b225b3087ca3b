"""Sums up the arrays that COCOeval measures as the twelve COCO numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: The axes of the arrays.  # pycocotools, Params.setDetParams
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_POINTS = np.linspace(0, 1, 101)
MOST_FOUND = (1, 10, 100)  # best detections of an image and class
#: Truth areas that count, both ends included.
SIZES_PX2 = {
    "all": (0.0, 1e5**2),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e5**2),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """Which part of the arrays one of the twelve is the mean of."""

    is_recall: bool = False
    iou: int | None = None  # place of the one threshold; None for all
    size: str = "all"
    most_found: int = 100


#: Key of a score -> what it is; in the order of COCOeval.stats.
STATS: Mapping[str, Stat] = {
    "box_ap": Stat(),
    "box_ap50": Stat(iou=0),
    "box_ap75": Stat(iou=5),
    "box_ap_small": Stat(size="small"),
    "box_ap_medium": Stat(size="medium"),
    "box_ap_large": Stat(size="large"),
    "box_ar1": Stat(is_recall=True, most_found=1),
    "box_ar10": Stat(is_recall=True, most_found=10),
    "box_ar100": Stat(is_recall=True),
    "box_ar_small": Stat(is_recall=True, size="small"),
    "box_ar_medium": Stat(is_recall=True, size="medium"),
    "box_ar_large": Stat(is_recall=True, size="large"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What an engine makes of a problem; -1 where there is no truth.

    T thresholds, R recall points, K classes in ascending order of their ids, A sizes,
    D numbers of detections an image: the constants above.
    """

    stats: NDArray[np.float64]  # [12] as the engine itself sums them up
    precision: NDArray[np.float64]  # [T, R, K, A, D]
    recall: NDArray[np.float64]  # [T, K, A, D]


def mean_of(
    stat: Stat, precision: NDArray[np.float64], recall: NDArray[np.float64]
) -> float:
    """Return one of the twelve as COCOeval.summarize does, -1 without truth.

    Args:
        stat: of ``STATS``.
        precision: ``[T, R, K, A, D]``, of any number of classes.
        recall: ``[T, K, A, D]``, of the same classes.
    """
    size, most = list(SIZES_PX2).index(stat.size), MOST_FOUND.index(stat.most_found)
    values = recall if stat.is_recall else precision
    if stat.iou is not None:
        values = values[stat.iou : stat.iou + 1]
    values = values[..., size, most]
    known = values[values > -1]
    return float(np.mean(known)) if known.size else -1.0
