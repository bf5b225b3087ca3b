"""Computes the easy, medium and hard AP of faces, in percent.

What the official MATLAB tool computes, convention by convention. The names are its
files and functions:

- ``read_pred``: detections of an image by descending score. Which of two equal scores
  comes first does not matter: a threshold takes both or neither.
- ``norm_score``: scores are stretched to 0..1 by the smallest and the largest of the
  whole set. Where all scores are equal it would divide by 0; here all become 1.
  (The tool also raises a largest score below 1.2e-38 to that. It changes nothing but
  sets in which no score is above 0, and is not done here.)
- ``image_evaluation``: a detection is judged by one face of its image, whatever the
  subset (``wider_matches``). Overlap 0.5 is enough. A face outside the subset makes the
  detection neither right nor wrong; a face of the subset is found once, and further
  detections of it are wrong, as are those that hit nothing.
- ``evaluation``: an image without any face is passed over, so its detections are not
  wrong; one whose faces all lie outside the subset is not. Missing files are images
  without detections.
- ``image_pr_info``: thresholds ``1 - t / 1000``, t = 1..1000; scores from it upwards.
- ``dataset_pr_info``: precision = found / (found + wrong), recall = found / faces of
  the subset. Where nothing counts yet precision is 0 / 0: no point of the curve.
- ``VOCap``: precision made non-increasing from the right, then the area under it.
- The class of numbers: ``face_bbx_list`` of the official files is int32, and MATLAB
  keeps to integers once one operand is (``boxoverlap``): ``arithmetic`` below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from harness.errors import DatasetInvalid
from harness.evaluate.curve import Curve
from harness.evaluate.same_images import demand_same_images
from harness.evaluate.widerface.matches import FaceMatches, match_faces
from harness.formats.wider_text import to_results
from harness.values.detections import Detections, Results
from harness.values.truth import FaceTruth

Counts = NDArray[np.int64]


class Arithmetic(Enum):
    """In what numbers boxes are compared."""

    OFFICIAL = "official"  # whole pixels if every face's box is whole; else real
    WHOLE_PIXELS = "whole_pixels"  # as MATLAB does with int32 faces
    REAL = "real"  # double precision, the face that overlaps most: as ports do


@dataclass(frozen=True, slots=True, kw_only=True)
class WiderOptions:
    """The conventions that can be chosen; the defaults are the published ones."""

    iou_threshold: float = 0.5  # wider_eval, IoU_thresh
    threshold_count: int = 1000  # wider_eval, thresh_num
    arithmetic: Arithmetic = Arithmetic.OFFICIAL


OFFICIAL = WiderOptions()

#: Word of ``--arithmetic`` -> in what numbers boxes are compared.
ARITHMETICS: Mapping[str, Arithmetic] = {
    "int32": Arithmetic.WHOLE_PIXELS,
    "real": Arithmetic.REAL,
}


def engine_name() -> str:
    """Return the engine and the version of what it computes."""
    return "harness widerface/1"


def score(
    detections: Detections | Results, truth: FaceTruth, options: WiderOptions = OFFICIAL
) -> Mapping[str, float]:
    """Return the AP of each subset in percent, unrounded.

    Args:
        detections: of exactly the images of ``truth``; ours are rounded first, as
            the official text files state them.
        truth: the ground truth.
        options: the conventions.

    Returns:
        ``easy``, ``medium``, ``hard``, each without a key when the truth has no such
        face. No detections at all score 0.

    Raises:
        DetectionsInvalid: a score or box is not finite, an image is unknown, or an
            image of the truth was not evaluated.
        DatasetInvalid: the truth is malformed, or no subset has a face.
    """
    return {one.name: one.ap_pct for one in curves(detections, truth, options)}


def curves(
    detections: Detections | Results, truth: FaceTruth, options: WiderOptions = OFFICIAL
) -> tuple[Curve, ...]:
    """Return the curve of each subset that has faces: easy, medium, hard.

    A point for every threshold from which anything counts. Arguments and errors as for
    :func:`score`.
    """
    results, matches = matches_of(detections, truth, options)
    count = options.threshold_count
    ranks = threshold_ranks(results.scores, count)  # [N]
    counted = np.bincount(ranks[matches.has_faces], minlength=count)  # [T]
    is_hit = matches.hit_faces >= 0
    hit_faces, hit_ranks = matches.hit_faces[is_hit], ranks[is_hit]  # [K]
    first = np.full(len(truth.boxes_xywh), count, np.int64)  # [M] rank it is found at
    np.minimum.at(first, hit_faces, hit_ranks)
    return tuple(
        _curve(
            name,
            options.iou_threshold,
            kept=np.cumsum(
                counted - np.bincount(hit_ranks[~member[hit_faces]], minlength=count)
            ),
            hits=np.cumsum(np.bincount(first[member], minlength=count + 1)[:count]),
            faces=int(member.sum()),
        )
        for name, member in subsets(truth).items()
        if member.any()
    )


def matches_of(
    detections: Detections | Results, truth: FaceTruth, options: WiderOptions = OFFICIAL
) -> tuple[Results, FaceMatches]:
    """Return detections as the text files state them, and what each hits.

    Arguments and errors as for :func:`score`.
    """
    _check(detections, truth)
    results = (
        to_results(detections) if isinstance(detections, Detections) else detections
    )
    matches = match_faces(
        results,
        truth,
        iou_threshold=options.iou_threshold,
        whole_pixels=is_whole(truth, options.arithmetic),
    )
    return results, matches


def subsets(truth: FaceTruth) -> Mapping[str, NDArray[np.bool_]]:
    """Return which faces each subset counts, ``[M]`` each, in the order of claims."""
    return {"easy": truth.is_easy, "medium": truth.is_medium, "hard": truth.is_hard}


def threshold_ranks(scores: NDArray[np.float64], threshold_count: int) -> Counts:
    """Return the first threshold that each score reaches, 0 being the highest.

    Args:
        scores: ``[N]``, as found.
        threshold_count: how many there are.
    """
    if not len(scores):
        return np.zeros(0, np.int64)
    low, high = scores.min(), scores.max()
    stretched = np.ones_like(scores) if low == high else (scores - low) / (high - low)
    ascending = 1 - np.arange(threshold_count, 0, -1) / threshold_count  # [T] from 0
    # The place by arithmetic, mended by one where rounding has moved it: a binary
    # search for each of a million scores takes five times as long.
    places = (stretched * threshold_count).astype(np.int64)  # [N]
    np.minimum(places, threshold_count - 1, out=places)
    places -= ascending[places] > stretched
    places += ascending[np.minimum(places + 1, threshold_count - 1)] <= stretched
    np.minimum(places, threshold_count - 1, out=places)
    ranks: Counts = threshold_count - 1 - places
    return ranks


def _curve(name: str, iou: float, *, kept: Counts, hits: Counts, faces: int) -> Curve:
    """Return the curve from the detections and faces that count at each threshold."""
    counts = kept > 0  # [T]
    recall = hits[counts] / faces  # [R]
    precision = hits[counts] / kept[counts]  # [R]
    return Curve(
        name=name,
        iou=iou,
        ap_pct=100 * area_under(recall, precision),
        recall=recall,
        precision=precision,
    )


def area_under(recall: NDArray[np.float64], precision: NDArray[np.float64]) -> float:
    """Return the area under the highest precision from each recall on; ``VOCap``."""
    steps = np.diff(np.concatenate([[0.0], recall]))  # [R]
    envelope = np.maximum.accumulate(precision[::-1])[::-1]  # [R]
    return float((steps * envelope).sum())


def is_whole(truth: FaceTruth, arithmetic: Arithmetic = Arithmetic.OFFICIAL) -> bool:
    """Return whether boxes are compared in MATLAB's integers."""
    if arithmetic is Arithmetic.OFFICIAL:
        return bool((truth.boxes_xywh == np.round(truth.boxes_xywh)).all())
    return arithmetic is Arithmetic.WHOLE_PIXELS


def _check(detections: Detections | Results, truth: FaceTruth) -> None:
    detections.check()
    demand_same_images(detections, truth)
    strange = np.setdiff1d(truth.box_image_ids, truth.image_ids)
    if len(strange):
        raise DatasetInvalid(
            "truth, box_image_ids",
            expected=f"one of the {len(truth.image_ids)} listed",
            got=int(strange[0]),
        )
    if not np.isfinite(truth.boxes_xywh).all():
        raise DatasetInvalid("truth, boxes_xywh", expected="finite numbers")
    if not any(member.any() for member in subsets(truth).values()):
        raise DatasetInvalid(
            "no truth to score against",
            expected="a face in one of the subsets",
            got=f"{len(truth.boxes_xywh)} faces in {len(truth.image_ids)} images",
        )
