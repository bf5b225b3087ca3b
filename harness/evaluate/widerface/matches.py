"""Matches each detection with the face that it hits.

This is ``image_evaluation`` of the official tool without its subsets: which face a
detection is judged by does not depend on them, so one pass serves all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.values.detections import Results
from harness.values.truth import FaceTruth

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

#: Pairs that are held at once: some 100 bytes each.
PAIRS_AT_ONCE = 500_000

#: Coordinates up to this are told apart by float32 to a sixteenth of a pixel.
FLOAT32_REACH_PX = 2.0**20


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMatches:
    """What each detection hits; order as in the results."""

    hit_faces: Places  # [N] place in the truth's boxes; -1: hits none
    has_faces: NDArray[np.bool_]  # [N] is the detection's image one that has a face


def match_faces(
    results: Results, truth: FaceTruth, *, iou_threshold: float, whole_pixels: bool
) -> FaceMatches:
    """Return the face that each detection hits.

    Corners are ``x + w`` and ``y + h``; sides count the far edge (``+ 1``) once more.
    A side of the intersection that is 0 or less means no overlap.  # boxoverlap.m

    Args:
        results: ``xywh``, of images of the truth.
        truth: the ground truth.
        iou_threshold: the overlap from which a face is hit, itself included.
        whole_pixels: compute as MATLAB does with int32 faces: detections' corners and
            the area of a union are rounded, halves away from 0, and so is the overlap
            itself, to 0 or 1: of the faces that are hit, the *first* is taken. Else in
            double precision, and the first of those that overlap *most* is taken.
    """
    ids, place_of_box = np.unique(truth.box_image_ids, return_inverse=True)
    box_order = np.argsort(place_of_box, kind="stable")  # [M]
    box_ends = np.cumsum(np.bincount(place_of_box, minlength=len(ids)))  # [I]
    faces = _Boxes.of(truth.boxes_xywh[box_order])
    order, starts = _group(results.image_ids)
    detected = _Boxes.of(results.boxes if order is None else results.boxes[order])
    ends = np.append(starts[1:], len(results.image_ids))
    run_ids = results.image_ids[starts if order is None else order[starts]]
    places = np.searchsorted(ids, run_ids)  # [R] images, by what was found
    known = places < len(ids)
    known[known] = ids[places[known]] == run_ids[known]
    slices = [
        (start, end, box_ends[place - 1] if place else 0, box_ends[place])
        for start, end, place in zip(
            starts[known].tolist(),
            ends[known].tolist(),
            places[known].tolist(),
            strict=True,
        )
    ]
    hits = [
        _hits(faces, detected, pairs, iou_threshold, whole_pixels)
        for pairs in _near_pairs(faces, detected, slices)
    ]
    hit_faces = np.full(len(results.image_ids), -1, np.int64)
    _choose(hit_faces, hits)
    hit_faces[hit_faces >= 0] = box_order[hit_faces[hit_faces >= 0]]
    has_faces = np.repeat(known, ends - starts)
    if order is not None:
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        hit_faces, has_faces = hit_faces[back], has_faces[back]
    return FaceMatches(hit_faces=hit_faces, has_faces=has_faces)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Boxes:
    """Corners of boxes, one array each: rows of a table would be read in strides."""

    x1: Floats  # [N]
    y1: Floats  # [N]
    x2: Floats  # [N]
    y2: Floats  # [N]

    @classmethod
    def of(cls, boxes_xywh: Floats) -> _Boxes:
        x, y, wide, high = np.ascontiguousarray(boxes_xywh.T, np.float64)  # [4, N]
        return cls(x1=x, y1=y, x2=x + wide, y2=y + high)

    def corners(self, places: Places) -> tuple[Floats, ...]:
        return self.x1[places], self.y1[places], self.x2[places], self.y2[places]

    def reach_px(self) -> float:
        sides = (self.x1, self.y1, self.x2, self.y2)
        return max(float(np.abs(side).max(initial=0)) for side in sides)

    def padded(self, dtype: type[np.floating[Any]], pad_px: float) -> Any:
        """Return ``x1, y1, x2, y2``, grown by the pad on every side."""
        return (
            (self.x1 - pad_px).astype(dtype),
            (self.y1 - pad_px).astype(dtype),
            (self.x2 + pad_px).astype(dtype),
            (self.y2 + pad_px).astype(dtype),
        )


def _group(image_ids: Places) -> tuple[Places | None, Places]:
    """Return an order with images together (None: they are), and where each starts."""
    changes = np.flatnonzero(image_ids[1:] != image_ids[:-1]) + 1
    starts = np.concatenate([np.zeros(min(len(image_ids), 1), np.int64), changes])
    if len(np.unique(image_ids[starts])) == len(starts):
        return None, starts
    order = np.argsort(image_ids, kind="stable")
    return order, _group(image_ids[order])[1]


def _near_pairs(
    faces: _Boxes, detected: _Boxes, slices: list[tuple[int, int, int, int]]
) -> Iterator[tuple[Places, Places]]:
    """Yield pairs (face, detection) of one image that may overlap, by the thousand.

    Only a sieve: what it lets through is computed exactly afterwards. It grows faces by
    two pixels, more than the far edge and any rounding can bring.
    """
    is_small = max(faces.reach_px(), detected.reach_px()) < FLOAT32_REACH_PX
    dtype = np.float32 if is_small else np.float64
    fx1, fy1, fx2, fy2 = faces.padded(dtype, 2)
    dx1, dy1, dx2, dy2 = detected.padded(dtype, 0)
    held: list[tuple[Places, Places]] = []
    count = 0
    for start, end, first, last in slices:
        # [M, N]: the long side inside, so that numpy's inner loops are long
        near = dx1[start:end] < fx2[first:last, None]
        near &= dx2[start:end] > fx1[first:last, None]
        near &= dy1[start:end] < fy2[first:last, None]
        near &= dy2[start:end] > fy1[first:last, None]
        face, one = np.divmod(np.flatnonzero(near), end - start)
        held.append((face + first, one + start))
        count += len(face)
        if count >= PAIRS_AT_ONCE:
            yield _joined(held)
            held, count = [], 0
    if held:
        yield _joined(held)


def _joined(held: list[tuple[Places, Places]]) -> tuple[Places, Places]:
    return (
        np.concatenate([face for face, _ in held]),
        np.concatenate([one for _, one in held]),
    )


def _hits(
    faces: _Boxes,
    detected: _Boxes,
    pairs: tuple[Places, Places],
    iou_threshold: float,
    whole_pixels: bool,
) -> tuple[Places, Places, Floats]:
    """Return the pairs that overlap enough, and their ranks."""
    face, detection = pairs
    ours = detected.corners(detection)
    theirs = faces.corners(face)
    total = _areas(theirs) + _areas(ours)  # [K]
    if whole_pixels:
        ours = tuple(round_half_away(side) for side in ours)
        total = round_half_away(total)
    wide = np.minimum(theirs[2], ours[2]) - np.maximum(theirs[0], ours[0]) + 1
    high = np.minimum(theirs[3], ours[3]) - np.maximum(theirs[1], ours[1]) + 1
    inter = wide * high
    union = total - inter
    touches = (wide > 0) & (high > 0)
    # A union of 0 is a detection that rounding has made smaller than the intersection.
    overlap = np.full(len(face), np.inf)
    np.divide(inter, union, out=overlap, where=touches & (union != 0))
    hit = touches & (overlap >= iou_threshold)
    rank = np.ones_like(overlap) if whole_pixels else overlap
    return face[hit], detection[hit], rank[hit]


def _areas(corners: tuple[Floats, ...]) -> Floats:
    x1, y1, x2, y2 = corners
    areas: Floats = (x2 - x1 + 1) * (y2 - y1 + 1)
    return areas


def _choose(hit_faces: Places, hits: list[tuple[Places, Places, Floats]]) -> None:
    """Set the face of the highest rank of every detection, the first of equal ones."""
    if not hits:
        return
    face, detection, rank = (np.concatenate(parts) for parts in zip(*hits, strict=True))
    best = np.zeros(len(hit_faces))
    np.maximum.at(best, detection, rank)
    wins = rank == best[detection]
    # Faces ascend within an image, and the last of repeated places is what is kept.
    hit_faces[detection[wins][::-1]] = face[wins][::-1]


def round_half_away(values: Floats) -> Floats:
    """Round to whole numbers, halves away from 0: as MATLAB makes integers."""
    size = np.abs(values)
    down = np.floor(size)
    rounded: Floats = np.copysign(down + (size - down >= 0.5), values)
    return rounded
