"""Checks detections and COCO truth, and numbers them as every engine can read.

Engines differ in what they let pass: NaN, an unknown image, an annotation with the id
0 (no match to pycocotools). All of that is settled before an engine is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import DatasetInvalid, DetectionsInvalid
from harness.evaluate.coco.stats import SIZES_PX2
from harness.evaluate.same_images import demand_same_images
from harness.formats.coco_results import to_results
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoProblem:
    """What is scored. Images and classes count from 1, in the order of their ids."""

    image_count: int
    class_count: int
    true_images: NDArray[np.int64]  # [M] 1 to image_count
    true_classes: NDArray[np.int64]  # [M] 1 to class_count
    true_boxes_xywh: NDArray[np.float64]  # [M, 4]
    true_areas_px2: NDArray[np.float64]  # [M]
    true_crowds: NDArray[np.bool_]  # [M]
    images: NDArray[np.int64]  # [N] 1 to image_count
    classes: NDArray[np.int32]  # [N] 1 to class_count
    scores: NDArray[np.float64]  # [N]
    boxes_xywh: NDArray[np.float64]  # [N, 4]

    def count_truth(self) -> NDArray[np.int64]:
        """Return how many boxes of each class and size, no crowd, are to be found.

        Returns:
            ``[K, A]``, sizes as in ``SIZES_PX2``.
        """
        counts = []
        for low, high in SIZES_PX2.values():
            inside = (self.true_areas_px2 >= low) & (self.true_areas_px2 <= high)  # [M]
            classes = self.true_classes[inside & ~self.true_crowds]
            counts.append(np.bincount(classes, minlength=self.class_count + 1)[1:])
        return np.stack(counts, axis=1)


def coco_problem(detections: Detections | Results, truth: CocoTruth) -> CocoProblem:
    """Return the problem for any engine; class ``c`` is ``truth.category_ids[c]``.

    Args:
        detections: of exactly the images of ``truth``.
        truth: the ground truth.

    Raises:
        DetectionsInvalid: a score or box is not finite, a class or image is unknown, or
            an image of the truth was not evaluated.
        DatasetInvalid: the truth is malformed, or has nothing to score against.
    """
    detections.check()
    demand_same_images(detections, truth)
    results = (
        to_results(detections) if isinstance(detections, Detections) else detections
    )
    _check_classes(results.classes, len(truth.category_ids))
    _check_truth(truth)
    ids = np.sort(truth.image_ids)
    problem = CocoProblem(
        image_count=len(ids),
        class_count=len(truth.category_ids),
        true_images=_places("box_image_ids", truth.box_image_ids, ids),
        true_classes=_places(
            "box_category_ids", truth.box_category_ids, truth.category_ids
        ),
        true_boxes_xywh=truth.boxes_xywh,
        true_areas_px2=truth.areas_px2,
        true_crowds=truth.is_crowd,
        images=np.searchsorted(ids, results.image_ids) + 1,
        classes=results.classes + 1,
        scores=results.scores,
        boxes_xywh=results.boxes,
    )
    if not problem.count_truth().any():
        raise DatasetInvalid(
            "no truth to score against",
            expected="a box that is not a crowd",
            got=f"{len(truth.is_crowd)} boxes in {len(ids)} images",
        )
    return problem


def _check_classes(classes: NDArray[np.int32], count: int) -> None:
    outside = classes[classes >= count]
    if len(outside):
        raise DetectionsInvalid(
            "classes", expected=f"0 to {count - 1}", got=int(outside[0])
        )


def _check_truth(truth: CocoTruth) -> None:
    if len(np.unique(truth.image_ids)) != len(truth.image_ids):
        raise DatasetInvalid("truth, image_ids", expected="each image once")
    if (np.diff(truth.category_ids) <= 0).any():
        raise DatasetInvalid(
            "truth, category_ids", expected="ascending, each category once"
        )
    if (
        not np.isfinite(truth.boxes_xywh).all()
        or not np.isfinite(truth.areas_px2).all()
    ):
        raise DatasetInvalid(
            "truth, boxes_xywh and areas_px2", expected="finite numbers"
        )


def _places(
    name: str, ids: NDArray[np.int64], known: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return where each id stands in ``known``, which ascends; the first is 1."""
    unknown = np.setdiff1d(ids, known)
    if len(unknown):
        raise DatasetInvalid(
            f"truth, {name}",
            expected=f"one of the {len(known)} listed",
            got=unknown[0],
        )
    places: NDArray[Any] = np.searchsorted(known, ids) + 1
    return places
