"""Computes the VOC mAP in percent, and its curves.

Inclusive pixels, 11 points, and the published evaluation's other habits: each is a
named option of :class:`harness.evaluate.voc.options.VocOptions`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness.errors import DatasetInvalid, DetectionsInvalid
from harness.evaluate.curve import Curve
from harness.evaluate.same_images import demand_same_images
from harness.evaluate.voc.matching import Candidates, Matches, match, places_of
from harness.evaluate.voc.options import N_RECALL_POINTS, PUBLISHED, VocOptions
from harness.values.detections import Detections, Results
from harness.values.truth import VocTruth


def engine_name() -> str:
    """Return the engine and the version of what it computes: ``"harness voc/1"``."""
    return "harness voc/1"


def score(
    detections: Detections | Results, truth: VocTruth, options: VocOptions = PUBLISHED
) -> Mapping[str, float]:
    """Return the VOC mAP in percent, unrounded.

    Args:
        detections: of exactly the images of ``truth``; ``Results`` count pixels from 1.
        truth: the ground truth.
        options: the conventions.

    Returns:
        ``box_ap`` as the options say, then ``box_ap_area``, the same with the area
        under the curve. No detections at all score 0.

    Raises:
        DetectionsInvalid: a score or box is not finite, a class or image is unknown, or
            an image of the truth was not evaluated.
        DatasetInvalid: the truth is malformed, or has nothing to score against.
    """
    parts = _class_parts(detections, truth, options)
    areas = [_area_ap(*parts[name]) for name in parts]
    if options.interpolation == "11point":
        return {
            "box_ap": _mean_pct([_11point_ap(*one, options) for one in parts.values()]),
            "box_ap_area": _mean_pct(areas),
        }
    return {"box_ap": _mean_pct(areas), "box_ap_area": _mean_pct(areas)}


def curves(
    detections: Detections | Results, truth: VocTruth, options: VocOptions = PUBLISHED
) -> tuple[Curve, ...]:
    """Return the curve of each class that the mAP is the mean of, in class order.

    ``precision`` is as it is after each detection that counts, without interpolation.

    Args:
        detections: as for :func:`score`.
        truth: as for :func:`score`.
        options: the conventions; a class that they leave out has no curve.

    Raises:
        DetectionsInvalid: as for :func:`score`.
        DatasetInvalid: as for :func:`score`.
    """

    def ap_of(is_right: NDArray[np.bool_], count: int) -> float:
        if options.interpolation == "11point":
            return _11point_ap(is_right, count, options)
        return _area_ap(is_right, count)

    return tuple(
        Curve(
            name=name,
            iou=options.iou_threshold,
            ap_pct=ap_of(is_right, count) * 100,
            recall=np.cumsum(is_right) / count,
            precision=_precision(is_right),
        )
        for name, (is_right, count) in _class_parts(detections, truth, options).items()
    )


def ap_by_class(
    detections: Detections | Results, truth: VocTruth, options: VocOptions = PUBLISHED
) -> Mapping[str, float]:
    """Return the AP of each class that the mAP is the mean of, in percent.

    Arguments and errors as for :func:`score`.
    """
    return {one.name: one.ap_pct for one in curves(detections, truth, options)}


def classes_left_out(
    detections: Detections | Results, truth: VocTruth, options: VocOptions = PUBLISHED
) -> tuple[str, ...]:
    """Return the classes that have objects and are none of the mean's, in class order.

    Arguments and errors as for :func:`score`.
    """
    parts = _class_parts(detections, truth, options)
    counts = matches_of(detections, truth, options).object_counts.tolist()
    return tuple(
        name
        for name, count in zip(truth.class_names.tolist(), counts, strict=True)
        if count and name not in parts
    )


def matches_of(
    detections: Detections | Results, truth: VocTruth, options: VocOptions = PUBLISHED
) -> Matches:
    """Return the true positives, and the objects that count.

    Args:
        detections: as for :func:`score`.
        truth: as for :func:`score`.
        options: the conventions.

    Raises:
        DetectionsInvalid: as for :func:`score`.
        DatasetInvalid: as for :func:`score`.
    """
    detections.check()
    _check_truth(truth)
    _check_detections(detections, truth)
    matches = match(_candidates(detections, truth, options), truth, options)
    if not matches.object_counts[_is_chosen(truth, options)].any():
        raise DatasetInvalid(
            "no truth to score against",
            expected="an object that counts"
            + (f" of {', '.join(options.classes)}" if options.classes else ""),
            got=f"{len(truth.box_classes)} objects in {len(truth.image_ids)} images",
        )
    return matches


def _class_parts(
    detections: Detections | Results, truth: VocTruth, options: VocOptions
) -> dict[str, tuple[NDArray[np.bool_], int]]:
    """Return the true positives and the number of objects of each class that counts.

    The detections of a class are in descending order of their scores.
    """
    matches = matches_of(detections, truth, options)
    ends = np.cumsum(np.bincount(matches.classes, minlength=len(truth.class_names)))
    parts = np.split(matches.is_right, ends[:-1])
    return {
        name: (part, count)
        for name, part, count in zip(
            truth.class_names.tolist(),
            parts,
            matches.object_counts.tolist(),
            strict=True,
        )
        if count
        and (options.classes is None or name in options.classes)
        and (len(part) or options.classes_without_predictions == "zero")
    }


def _is_chosen(truth: VocTruth, options: VocOptions) -> NDArray[np.bool_]:
    """Return which classes the mean may be of; ``[C]``."""
    if options.classes is None:
        return np.ones(len(truth.class_names), np.bool_)
    return np.isin(truth.class_names, options.classes)


def _candidates(
    detections: Detections | Results, truth: VocTruth, options: VocOptions
) -> Candidates:
    if isinstance(detections, Detections):
        boxes, origin = detections.boxes_xyxy.astype(np.float64), 0
    else:
        boxes, origin = detections.boxes, 1  # as result files have it
    corners = np.array(boxes.T, order="C")  # [4, N], a copy: it may be shifted
    if origin != options.prediction_origin:
        corners += options.prediction_origin - origin
    return Candidates(
        images=places_of(detections.image_ids, truth.image_ids),
        classes=detections.classes.astype(np.int64),
        scores=detections.scores,
        corners=corners,
    )


def _11point_ap(
    is_right: NDArray[np.bool_], object_count: int, options: VocOptions
) -> float:
    """Return the mean over recall 0, 0.1 .. 1 of the best precision from there on."""
    hits = np.cumsum(is_right)  # [K]
    best = _best_precision(is_right)  # [K]
    steps = N_RECALL_POINTS - 1
    if options.recall_points == "float_steps":
        first = np.searchsorted(hits / object_count, options.recalls())
    else:
        # In whole numbers: hits / objects >= j / 10 without a float nearly there.
        points = np.arange(N_RECALL_POINTS) * object_count
        first = np.searchsorted(hits * steps, points)
    reached = first[first < len(best)]
    return math.fsum(best[reached].tolist()) / N_RECALL_POINTS


def _area_ap(is_right: NDArray[np.bool_], object_count: int) -> float:
    """Return the area under the best precision: recall grows where one is right."""
    return math.fsum(_best_precision(is_right)[is_right].tolist()) / object_count


def _precision(is_right: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.cumsum(is_right) / np.arange(1, len(is_right) + 1)


def _best_precision(is_right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the best precision at this recall or a later one."""
    return np.maximum.accumulate(_precision(is_right)[::-1])[::-1]


def _mean_pct(aps: list[float]) -> float:
    # No class counts when nothing was found and such classes are left out.
    return math.fsum(aps) / len(aps) * 100 if aps else 0.0


def _check_truth(truth: VocTruth) -> None:
    unknown = np.setdiff1d(truth.box_image_ids, truth.image_ids)
    if len(unknown):
        raise DatasetInvalid(
            "truth, box_image_ids",
            expected=f"one of the {len(truth.image_ids)} listed",
            got=unknown[0],
        )
    outside = _outside(truth.box_classes, truth)
    if len(outside):
        raise DatasetInvalid(
            "truth, box_classes",
            expected=f"0 to {len(truth.class_names) - 1}",
            got=outside[0],
        )
    if not np.isfinite(truth.boxes_xyxy).all():
        raise DatasetInvalid("truth, boxes_xyxy", expected="finite numbers")


def _check_detections(detections: Detections | Results, truth: VocTruth) -> None:
    demand_same_images(detections, truth)
    outside = _outside(detections.classes, truth)
    if len(outside):
        raise DetectionsInvalid(
            "classes", expected=f"0 to {len(truth.class_names) - 1}", got=outside[0]
        )


def _outside(classes: NDArray[np.int32], truth: VocTruth) -> NDArray[np.int32]:
    return classes[(classes < 0) | (classes >= len(truth.class_names))]
