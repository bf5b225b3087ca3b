"""Counts the detections of one set that another set of the same images has too."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.values.detections import Detections

#: Detections up to this score may be missing: noise moves them across the score
#: threshold, and out of the best that NMS keeps.
LEAST_SCORE = 0.05
#: How far a partner may lie, in pixels of the image, and differ in score: more than
#: another device or decoder does, less than what moves an AP.
NEAR_PX, NEAR_SCORE = 0.5, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Partners:
    """How many detections have a partner."""

    with_partner: int
    of: int

    @property
    def share(self) -> float:
        """The share that has one; all of nothing is 1."""
        return self.with_partner / self.of if self.of else 1.0


def find_partners(detections: Detections, others: Detections) -> Partners:
    """Return how many detections above ``LEAST_SCORE`` the other set has too.

    A partner is of the same image and class, each edge within ``NEAR_PX`` and the score
    within ``NEAR_SCORE``, whatever its own score is; it is the partner of one alone, so
    that a detection which is there twice needs two. The best score chooses first, and
    takes the nearest.
    """
    waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, key in enumerate(_keys(others)):
        waiting[key].append(place)
    keys = _keys(detections)
    order = np.argsort(-detections.scores, kind="stable")
    counted = [
        int(one) for one in order if detections.scores[one] > np.float32(LEAST_SCORE)
    ]
    met = 0
    for place in counted:
        left = waiting[keys[place]]
        if left:
            far_px, far_score = _distances(detections, place, others, np.array(left))
            far_px[far_score > NEAR_SCORE] = np.inf
            nearest = int(far_px.argmin())
            if far_px[nearest] <= NEAR_PX:
                del left[nearest]
                met += 1
    return Partners(with_partner=met, of=len(counted))


def _keys(detections: Detections) -> list[tuple[int, int]]:
    return list(
        zip(detections.image_ids.tolist(), detections.classes.tolist(), strict=True)
    )


def _distances(
    detections: Detections, place: int, others: Detections, places: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far one is from several: the furthest edge, and the score."""
    box = detections.boxes_xyxy[place].astype(np.float64)
    score = float(detections.scores[place])
    edges = np.abs(others.boxes_xyxy[places].astype(np.float64) - box)  # [K, 4]
    return edges.max(axis=1), np.abs(others.scores[places].astype(np.float64) - score)


def of_images(detections: Detections, image_ids: NDArray[np.int64]) -> Detections:
    """Return the detections of those images alone, order kept."""
    kept = np.isin(detections.image_ids, image_ids)
    return Detections(
        evaluated_ids=detections.evaluated_ids[
            np.isin(detections.evaluated_ids, image_ids)
        ],
        image_ids=detections.image_ids[kept],
        classes=detections.classes[kept],
        scores=detections.scores[kept],
        boxes_xyxy=detections.boxes_xyxy[kept],
    )
