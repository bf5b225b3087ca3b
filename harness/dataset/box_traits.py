"""Finds images whose annotations are unusual; mends none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness.dataset.labelled import LabelledSet
from harness.values.truth import Truth, VocTruth

#: What is true of some published annotations, and what a measurement does about it.
BOX_TRAITS = (
    "without_annotations",  # detected on all the same: false positives count
    "beyond_the_edge",  # scored as the dataset's metric says; COCO's clips nothing
    "flat",  # no width or height: kept, and hard to match
)

#: How far a box may reach beyond the edge unnoticed: VOC counts pixels from 1.
EDGE_PX = 1.0


def box_traits(labelled: LabelledSet[Truth]) -> Mapping[str, tuple[int, ...]]:
    """Return the ids of the images that each trait is true of, ascending."""
    truth = labelled.truth
    ids = np.array([one.image_id for one in labelled.images], dtype=np.int64)  # [I]
    sizes = np.array(
        [(one.width_px, one.height_px) for one in labelled.images]
    )  # [I, 2]
    order = np.argsort(ids)
    places = order[np.searchsorted(ids, truth.box_image_ids, sorter=order)]  # [M]
    starts, ends = _corners(truth)  # [M, 2] each
    beyond = (starts < -EDGE_PX) | (ends > sizes[places] + EDGE_PX)  # [M, 2]
    # An image that is not there may have no size either, and so no edge.
    beyond &= (sizes[places] > 0).all(axis=1, keepdims=True)
    flat = ends <= starts  # [M, 2]
    return {
        "without_annotations": _sorted(ids[~np.isin(ids, truth.box_image_ids)]),
        "beyond_the_edge": _sorted(truth.box_image_ids[beyond.any(axis=1)]),
        "flat": _sorted(truth.box_image_ids[flat.any(axis=1)]),
    }


def _corners(truth: Truth) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first and the last corner of each box, far edge exclusive."""
    if isinstance(truth, VocTruth):
        return truth.boxes_xyxy[:, :2] - 1, truth.boxes_xyxy[:, 2:]
    return truth.boxes_xywh[:, :2], truth.boxes_xywh[:, :2] + truth.boxes_xywh[:, 2:]


def _sorted(ids: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(np.unique(ids).tolist())
