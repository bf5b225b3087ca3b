"""Detections and COCO truth in, the six COCO box APs in percent out.

The engine is pycocotools, whose numbers are the definition. What it lets pass (NaN, an
unknown image, no truth at all) is refused here before it is asked.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from harness.detections import Detections, Results
from harness.errors import DatasetInvalid, DetectionsInvalid
from harness.formats.coco_results import to_results
from harness.truth import CocoTruth

#: Key of a score -> its place in COCOeval.stats.  # pycocotools, summarize
STATS: Mapping[str, int] = {
    "box_ap": 0,
    "box_ap50": 1,
    "box_ap75": 2,
    "box_ap_small": 3,
    "box_ap_medium": 4,
    "box_ap_large": 5,
}

#: Truth areas that a score counts, both ends included.  # pycocotools, Params.areaRng
WHOLE_RANGE_PX2 = (0.0, 1e5**2)
AREA_RANGES_PX2: Mapping[str, tuple[float, float]] = {
    "box_ap_small": (0.0, 32.0**2),
    "box_ap_medium": (32.0**2, 96.0**2),
    "box_ap_large": (96.0**2, 1e5**2),
}


def engine_name() -> str:
    """Return the engine and its version, for example ``"pycocotools 2.0.11"``."""
    return f"pycocotools {importlib.metadata.version('pycocotools')}"


def score(found: Detections | Results, truth: CocoTruth) -> Mapping[str, float]:
    """Return the COCO box APs in percent, unrounded.

    Class ``c`` is ``truth.category_ids[c]``.  # zoo-spec 1.5

    Args:
        found: of exactly the images of ``truth``.
        truth: what is really there.

    Returns:
        ``box_ap`` first, then the other keys of ``STATS``, each without a key when the
        truth has nothing of that size. No detections at all score 0.

    Raises:
        DetectionsInvalid: a score or box is not finite, a class or image is unknown, or
            an image of the truth was not evaluated.
        DatasetInvalid: the truth is malformed, or has nothing to score against.
    """
    found.check()
    unseen = np.setdiff1d(truth.image_ids, found.evaluated_ids)
    unknown = np.setdiff1d(found.evaluated_ids, truth.image_ids)
    if len(unseen) or len(unknown):
        raise DetectionsInvalid(
            "evaluated images",
            expected=f"the {len(truth.image_ids)} of the truth",
            got=f"{len(unseen)} too few, {len(unknown)} unknown",
            next_step="score against the truth of the evaluated images alone",
        )
    results = to_results(found) if isinstance(found, Detections) else found
    return score_xywh(
        image_ids=results.image_ids,
        classes=results.classes,
        scores=results.scores,
        boxes_xywh=results.boxes,
        truth=truth,
    )


def score_xywh(
    *,
    image_ids: NDArray[np.int64],
    classes: NDArray[np.int32],
    scores: NDArray[np.float64],
    boxes_xywh: NDArray[np.floating[Any]],
    truth: CocoTruth,
) -> Mapping[str, float]:
    """Return the COCO box APs of boxes that are ``xywh`` already; else as ``score``.

    Every image of the truth counts as evaluated.

    Args:
        image_ids: ``[N]``.
        classes: ``[N]``, 0-based.
        scores: ``[N]``.
        boxes_xywh: ``[N, 4]``, taken as they are.
        truth: what is really there.

    Raises:
        DetectionsInvalid: a score or box is not finite, a class or image is unknown.
        DatasetInvalid: the truth is malformed, or has nothing to score against.
    """
    _check_truth(truth)
    _check_found(image_ids, classes, scores, boxes_xywh, truth)
    if not len(
        image_ids
    ):  # pycocotools raises IndexError; upstream's 0.0: zoo-spec 1.5
        return {
            key: 0.0
            for key in STATS
            if _has_truth(truth, AREA_RANGES_PX2.get(key, WHOLE_RANGE_PX2))
        }
    results = [
        {"image_id": image_id, "category_id": category_id, "bbox": box, "score": value}
        for image_id, category_id, box, value in zip(
            image_ids.tolist(),
            truth.category_ids[classes].tolist(),
            boxes_xywh.tolist(),
            scores.tolist(),
            strict=True,
        )
    ]
    stats = _run_engine(_truth_document(truth), results)
    return {
        key: float(stats[place]) * 100
        for key, place in STATS.items()
        if stats[place] >= 0  # -1: no truth of that size; empty is empty
    }


def _check_truth(truth: CocoTruth) -> None:
    for name, ids, known in (
        ("box_image_ids", truth.box_image_ids, truth.image_ids),
        ("box_category_ids", truth.box_category_ids, truth.category_ids),
    ):
        unknown = np.setdiff1d(ids, known)
        if len(unknown):
            raise DatasetInvalid(
                f"truth, {name}",
                expected=f"one of the {len(known)} listed",
                got=unknown[0],
            )
    if (
        not np.isfinite(truth.boxes_xywh).all()
        or not np.isfinite(truth.areas_px2).all()
    ):
        raise DatasetInvalid(
            "truth, boxes_xywh and areas_px2", expected="finite numbers"
        )
    if not _has_truth(truth, WHOLE_RANGE_PX2):
        raise DatasetInvalid(
            "no truth to score against",
            expected="a box that is not a crowd",
            got=f"{len(truth.is_crowd)} boxes in {len(truth.image_ids)} images",
        )


def _has_truth(truth: CocoTruth, range_px2: tuple[float, float]) -> bool:
    low, high = range_px2
    inside = (truth.areas_px2 >= low) & (truth.areas_px2 <= high)  # [M]
    return bool((inside & ~truth.is_crowd).any())


def _check_found(
    image_ids: NDArray[np.int64],
    classes: NDArray[np.int32],
    scores: NDArray[np.float64],
    boxes_xywh: NDArray[np.floating[Any]],
    truth: CocoTruth,
) -> None:
    for name, values in (("scores", scores), ("boxes_xywh", boxes_xywh)):
        if not np.isfinite(values).all():
            raise DetectionsInvalid(name, expected="finite numbers")
    unknown = np.setdiff1d(image_ids, truth.image_ids)
    if len(unknown):
        raise DetectionsInvalid(
            f"detections of image {unknown[0]}, which the truth does not list"
        )
    count = len(truth.category_ids)
    outside = classes[(classes < 0) | (classes >= count)]
    if len(outside):
        raise DetectionsInvalid(
            "classes", expected=f"0 to {count - 1}", got=int(outside[0])
        )


def _truth_document(truth: CocoTruth) -> dict[str, Any]:
    """Return the truth as the engine's own kind of document, all its values copied."""
    return {
        "images": [{"id": image_id} for image_id in truth.image_ids.tolist()],
        "categories": [{"id": one} for one in truth.category_ids.tolist()],
        "annotations": [
            {
                "id": number,
                "image_id": image_id,
                "category_id": category_id,
                "bbox": box,
                "area": area,
                "iscrowd": int(is_crowd),
            }
            for number, image_id, category_id, box, area, is_crowd in zip(
                # From 1: to pycocotools a match with annotation 0 is no match.
                range(1, len(truth.box_image_ids) + 1),
                truth.box_image_ids.tolist(),
                truth.box_category_ids.tolist(),
                truth.boxes_xywh.tolist(),
                truth.areas_px2.tolist(),
                truth.is_crowd.tolist(),
                strict=True,
            )
        ],
    }


def _run_engine(
    document: dict[str, Any], results: list[dict[str, Any]]
) -> NDArray[np.float64]:
    """Return COCOeval.stats; writes into both arguments, as the engine does."""
    with contextlib.redirect_stdout(io.StringIO()):  # it reports progress by print
        expected = COCO()
        expected.dataset = document
        expected.createIndex()
        evaluation = COCOeval(expected, expected.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats: NDArray[np.float64] = evaluation.stats
    return stats
