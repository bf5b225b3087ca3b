"""Matches detections with VOC truth: which are right, and how many objects count.

There is no loop over images. The objects of one image and class lie side by side: all
detections are compared with the first object of theirs, then all with the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evaluate.voc.options import VocOptions
from harness.values.truth import VocTruth

#: Detections that meet their objects at once: few enough to stay in a core's cache.
BLOCK = 16_384

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Detections in the places of the truth's images, and in its coordinates."""

    images: Numbers  # [N] place in truth.image_ids
    classes: Numbers  # [N]
    scores: NDArray[np.floating[Any]]  # [N]
    corners: Floats  # [4, N] x1, y1, x2, y2


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """The detections that count: by class, then the best score first, then as given."""

    classes: Numbers  # [K] ascending
    images: Numbers  # [K] places in truth.image_ids
    is_right: NDArray[np.bool_]  # [K]
    object_classes: Numbers  # [F] of each object that had to be found
    object_images: Numbers  # [F]
    object_counts: Numbers  # [C] objects that had to be found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Objects:
    """Truth as the options have it, those of one image and class side by side."""

    corners: Floats  # [4, M]
    is_ignored: NDArray[np.bool_]  # [M]
    counts: Numbers  # [I * C] of each image and class: image * C + class
    starts: Numbers  # [I * C] the first of them


def match(candidates: Candidates, truth: VocTruth, options: VocOptions) -> Matches:
    """Return which detections are right, under the options' conventions.

    A detection meets the object of its image and class that it overlaps most, the
    first of them on ties. Boxes that do not overlap strictly (unless the options let
    them touch), or have no inside, overlap by 0. An object is taken once: a
    further detection of it is wrong, and so is one that meets none.  # zoo-spec 1.6
    """
    class_count = len(truth.class_names)
    images = places_of(truth.box_image_ids, truth.image_ids)  # [M]
    objects = _objects_of(images, truth, options)
    overlaps, met = _best_objects(candidates, objects, class_count, options)
    if options.must_exceed:
        meets = overlaps > options.iou_threshold  # [N]
    else:
        meets = overlaps >= options.iou_threshold  # [N]
    counts = np.ones(len(candidates.scores), np.bool_)
    if options.images_without_objects == "skipped":
        has_objects = np.bincount(images, minlength=len(truth.image_ids)) > 0  # [I]
        counts = has_objects[candidates.images]
    counts[meets] &= ~objects.is_ignored[met[meets]]
    by_score = rank_descending(candidates.scores)  # [N] as given on ties
    takers = np.flatnonzero(meets & counts)
    if options.matching_order == "score":
        takers = by_score[(meets & counts)[by_score]]
    _, first = np.unique(met[takers], return_index=True)
    is_right = np.zeros(len(candidates.scores), np.bool_)
    is_right[takers[first]] = True

    ranked = by_score[counts[by_score]]  # [K]
    # As few bytes as the classes need: numpy sorts 16 bits and fewer by counting.
    classes = candidates.classes[ranked].astype(np.min_scalar_type(class_count))
    ranked = ranked[np.argsort(classes, kind="stable")]
    groups = _wanted_groups(objects)
    return Matches(
        classes=candidates.classes[ranked],
        images=candidates.images[ranked],
        is_right=is_right[ranked],
        object_classes=groups % class_count,
        object_images=groups // class_count,
        object_counts=np.bincount(groups % class_count, minlength=class_count),
    )


def rank_descending(scores: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return the places of the scores, the highest first, equal ones as they come.

    The same as ``np.argsort(-scores, kind="stable")``, in a third of its time.

    Args:
        scores: ``[N]``, float32 or float64, no NaN.

    Returns:
        ``[N]``.
    """
    bits = 8 * scores.dtype.itemsize
    unsigned = np.dtype(f"u{scores.dtype.itemsize}").type
    sign = unsigned(1 << (bits - 1))
    # The bits of a float ascend as its size does. Turned where it is positive, they
    # descend as its value does. Adding 0 makes -0.0 the 0.0 that it equals.
    raw = (scores + scores.dtype.type(0)).view(unsigned)
    keys = np.where(raw & sign, raw, ~(raw | sign))
    order = np.arange(len(scores))
    # numpy sorts 16 bits by counting, and keeps the order of what is equal: from the
    # lowest bits on, each turn leaves the turns before as its ties.
    for shift in range(0, bits, 16):
        part = (keys[order] >> unsigned(shift)).astype(np.uint16)
        order = order[np.argsort(part, kind="stable")]
    return order


def places_of(ids: Numbers, known_ids: Numbers) -> Numbers:
    """Return where each id stands in ``known_ids``, which holds it."""
    order = np.argsort(known_ids)
    places: Numbers = order[np.searchsorted(known_ids[order], ids)]
    return places


def _objects_of(images: Numbers, truth: VocTruth, options: VocOptions) -> _Objects:
    boxes = truth.boxes_xyxy.copy()  # [M, 4]
    if options.clip_truth:
        np.maximum(boxes[:, :2], 0, out=boxes[:, :2])
        np.minimum(boxes[:, 2:], truth.sizes_wh[images] - 1, out=boxes[:, 2:])
    kept = np.arange(len(boxes))
    if options.max_truth_boxes is not None:
        kept = _unpadded(images, boxes, options.max_truth_boxes)
    group_count = len(truth.image_ids) * len(truth.class_names)
    groups = images * len(truth.class_names) + truth.box_classes  # [M]
    kept = kept[np.argsort(groups[kept], kind="stable")]
    counts = np.bincount(groups[kept], minlength=group_count)
    is_ignored = truth.is_difficult & options.ignore_difficult  # [M]
    return _Objects(
        corners=np.ascontiguousarray(boxes[kept].T),
        is_ignored=is_ignored[kept],
        counts=counts,
        starts=np.cumsum(counts) - counts,
    )


def _unpadded(images: Numbers, boxes: Floats, max_boxes: int) -> Numbers:
    """Return which boxes are left after padding and stripping, ascending."""
    order = np.argsort(images, kind="stable")
    counts = np.bincount(images)
    ranks = np.empty(len(boxes), np.int64)  # place within the image, in file order
    ranks[order] = np.arange(len(boxes)) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = np.full(len(counts), max_boxes)  # [I]
    is_zero = ~boxes.any(axis=1)  # [M]
    np.minimum.at(ends, images[is_zero], ranks[is_zero])
    return np.flatnonzero(ranks < ends[images])


def _best_objects(
    candidates: Candidates, objects: _Objects, class_count: int, options: VocOptions
) -> tuple[Floats, Numbers]:
    """Return the largest overlap of each detection, and the object it is with."""
    groups = candidates.images * class_count + candidates.classes  # [N]
    counts, starts = objects.counts[groups], objects.starts[groups]  # [N]
    best = np.zeros(len(groups))
    met = np.full(len(groups), -1)
    for block in range(0, len(groups), BLOCK):
        active = np.flatnonzero(counts[block : block + BLOCK]) + block
        turn = 0
        while len(active):
            rivals = starts[active] + turn
            overlaps = _overlaps(
                candidates.corners[:, active],
                objects.corners[:, rivals],
                1 if options.inclusive_px else 0,
                may_touch=options.touching_overlap,
            )
            better = overlaps > best[active]  # the first stays on ties
            best[active[better]] = overlaps[better]
            met[active[better]] = rivals[better]
            turn += 1
            active = active[counts[active] > turn]
    return best, met


def _overlaps(first: Floats, second: Floats, one: int, *, may_touch: bool) -> Floats:
    """Return the overlap of each box with its partner.

    Args:
        first: ``[4, N]``.
        second: ``[4, N]``.
        one: what a side has beyond ``far - near``.
        may_touch: sharing that one alone is an overlap.

    Returns:
        ``[N]``, 0 to 1.
    """
    x1, y1, x2, y2 = first  # each [N]: a row at a time, numpy multiplies fast
    u1, v1, u2, v2 = second
    sides = [x2 - x1 + one, y2 - y1 + one, u2 - u1 + one, v2 - v1 + one]
    reach = one if may_touch else 0
    is_real = (x1 < u2 + reach) & (x2 + reach > u1)  # [N]
    is_real &= (y1 < v2 + reach) & (y2 + reach > v1)
    for side in sides:
        is_real &= side > 0
    overlaps: Floats = np.zeros(len(is_real))
    # An area beyond any float overlaps by NaN or 0, which is not more than anything.
    with np.errstate(over="ignore", invalid="ignore"):
        inter = np.minimum(x2, u2) - np.maximum(x1, u1) + one
        inter *= np.minimum(y2, v2) - np.maximum(y1, v1) + one
        union = sides[0] * sides[1] + sides[2] * sides[3] - inter  # [N]
        np.divide(inter, union, out=overlaps, where=is_real)
    return overlaps


def _wanted_groups(objects: _Objects) -> Numbers:
    """Return the image and class, ``image * C + class``, of each object that counts."""
    groups = np.repeat(np.arange(len(objects.counts)), objects.counts)
    wanted: Numbers = groups[~objects.is_ignored]
    return wanted
