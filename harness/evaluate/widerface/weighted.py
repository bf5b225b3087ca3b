"""Computes the face APs as a function of how often each image counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.evaluate.weighted_ap import Part, Weighted
from harness.evaluate.widerface.ap import (
    OFFICIAL,
    WiderOptions,
    area_under,
    matches_of,
    subsets,
    threshold_ranks,
)
from harness.values.detections import Detections, Results
from harness.values.truth import FaceTruth

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def weighted_wider(
    detections: Detections | Results, truth: FaceTruth, options: WiderOptions = OFFICIAL
) -> Weighted:
    """Match once, and return what the three APs become for any weights.

    With every weight 1 they are those of ``wider_ap.score``, to 1e-9. Scores are
    stretched anew over the images that count at all, as the official tool would.

    Args:
        detections: of exactly the images of ``truth``.
        truth: the ground truth.
        options: the conventions.

    Raises:
        DetectionsInvalid: as for ``wider_ap.score``.
        DatasetInvalid: as for ``wider_ap.score``.
    """
    results, matches = matches_of(detections, truth, options)
    ids = np.sort(truth.image_ids)
    images = np.searchsorted(ids, results.image_ids)  # [N]
    face_images = np.searchsorted(ids, truth.box_image_ids)  # [M]
    members = subsets(truth)
    least = np.full(len(ids), np.inf)  # [I] scores of each image
    np.minimum.at(least, images, results.scores)
    most = np.full(len(ids), -np.inf)
    np.maximum.at(most, images, results.scores)
    ranked = _Ranked(
        count=options.threshold_count,
        images=images,
        scores=results.scores,
        hit_faces=matches.hit_faces,
        has_faces=matches.has_faces,
        face_count=len(face_images),
    )
    once = ranked.at(float(least.min(initial=np.inf)), float(most.max(initial=-np.inf)))

    def score(weights: Ints) -> Floats:
        drawn = weights > 0
        low = float(least[drawn].min(initial=np.inf))
        high = float(most[drawn].max(initial=-np.inf))
        # Mostly the extreme scores stay, and with them every rank.
        ranks = once if (low, high) == (once.low, once.high) else ranked.at(low, high)
        return np.array(
            [
                100 * _ap(ranked, ranks, weights, member, face_images)
                for member in members.values()
            ]
        )

    return Weighted(
        image_ids=ids,
        parts=tuple(Part(by="subset", name=one) for one in members),
        score=score,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranks:
    """The first threshold that detections reach, for scores from low to high."""

    low: float
    high: float
    detections: Ints  # [N] T: none, as the image is not drawn
    faces: Ints  # [M] that a face is found at; T: never


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """What ranks are made of."""

    count: int  # T thresholds
    images: Ints  # [N]
    scores: Floats  # [N]
    hit_faces: Ints  # [N] -1: none
    has_faces: NDArray[np.bool_]  # [N]
    face_count: int

    def at(self, low: float, high: float) -> _Ranks:
        inside = (self.scores >= low) & (self.scores <= high)  # all that are drawn
        ranks = np.full(len(self.scores), self.count, np.int64)
        ranks[inside] = threshold_ranks(self.scores[inside], self.count)
        faces = np.full(self.face_count, self.count, np.int64)
        hits = self.hit_faces >= 0
        np.minimum.at(faces, self.hit_faces[hits], ranks[hits])
        return _Ranks(low=low, high=high, detections=ranks, faces=faces)


def _ap(
    ranked: _Ranked,
    ranks: _Ranks,
    weights: Ints,
    member: NDArray[np.bool_],
    face_images: Ints,
) -> float:
    """Return the AP of one subset as a fraction; NaN when it has no face."""
    faces = int(weights[face_images[member]].sum())
    if not faces:
        return float("nan")
    hits = ranked.hit_faces >= 0
    counts = ranked.has_faces & (~hits | member[ranked.hit_faces])  # [N]
    kept = _cumulated(
        ranks.detections[counts], weights[ranked.images[counts]], ranked.count
    )
    hit_faces = _cumulated(
        ranks.faces[member], weights[face_images[member]], ranked.count
    )
    points = kept > 0  # [T]
    return area_under(hit_faces[points] / faces, hit_faces[points] / kept[points])


def _cumulated(ranks: Ints, weights: Ints, count: int) -> Floats:
    """Return the weight of what is ranked up to each threshold: ``[T]``."""
    totals = np.bincount(ranks, weights=weights, minlength=count + 1)
    summed: Floats = np.cumsum(totals[:count])
    return summed
