"""Guesses how boxes and categories of a COCO result file are meant.

Boxes written as corners or centres, and categories written as places in a list, are
read without an error and score near 0. Another reading is likely meant when its boxes
overlap objects of their image and class, and those of the file do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from harness.values.detections import Results
from harness.values.truth import CocoTruth

#: So many detections of the highest scores are tried: those that a detector is surest
#: of meet an object more often than not, and a thousand take milliseconds.
TRIED = 1000
#: The overlap that is asked: at AP50's 0.5 a box near the corner of its image still
#: meets its object when its far corner is read as its sides.
MEETS = 0.75
#: A reading is told when it meets at least so many objects, and more than twice as many
#: as the file's own: chance alone does not.
LEAST_MET, CLEARLY_MORE = 2, 2

Boxes = NDArray[np.float64]

#: How four numbers may be meant, as what they are to be written as.
BOX_READINGS: Mapping[str, Callable[[Boxes], Boxes]] = {
    "": lambda boxes: boxes,
    "boxes look like corners, x1 y1 x2 y2: write x1 y1 x2-x1 y2-y1": lambda boxes: (
        np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
    ),
    "boxes look like centre and sides: write x-w/2 y-h/2 w h": lambda boxes: np.hstack(
        [boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]]
    ),
}


def coco_reading_doubts(results: Results, truth: CocoTruth) -> tuple[str, ...]:
    """Return what the boxes and categories of a file are likely meant as.

    Args:
        results: ``xywh``, one detection or more, of images of the truth.
        truth: the ground truth.
    """
    if _are_shares(results.boxes, truth.boxes_xywh):
        doubt = (
            "every box lies between 0 and 1, and those of the truth reach "
            f"{truth.boxes_xywh.max():.0f} px: they look like shares of the image's "
            "sides: multiply by its width and height"
        )
        return (doubt,)
    tried = np.argsort(-results.scores, kind="stable")[:TRIED]
    met = {
        (boxes_word, class_word): _count_met(
            results.image_ids[tried], class_of, boxes_of(results.boxes[tried]), truth
        )
        for class_word, class_of in _class_readings(
            results.classes, tried, truth
        ).items()
        for boxes_word, boxes_of in BOX_READINGS.items()
    }
    best = max(met, key=lambda one: met[one])  # the file's own is first, and wins ties
    as_given = met["", ""]
    if met[best] < LEAST_MET or met[best] <= CLEARLY_MORE * as_given:
        return ()
    share = f"of the {len(tried)} detections of the highest scores {as_given} meet"
    return tuple(
        f"{word} ({share} an object of their image and class, read so {met[best]} do)"
        for word in best
        if word
    )


def _are_shares(boxes: Boxes, truth_boxes: Boxes) -> bool:
    return bool(
        len(truth_boxes)
        and boxes.min() >= 0
        and boxes.max() <= 1
        and truth_boxes[:, 2:].max() > 2
    )


def _class_readings(
    classes: NDArray[np.int32], tried: NDArray[np.int64], truth: CocoTruth
) -> dict[str, NDArray[np.int64]]:
    """Return how categories may be meant -> the class of each tried detection."""
    ids = truth.category_ids[classes]
    readings = {"": classes[tried].astype(np.int64)}
    count = len(truth.category_ids)
    for first in (0, 1):
        last = first + count - 1
        if ids.min() >= first and ids.max() <= last:
            word = (
                "categories look like places in the truth's list, from "
                f"{first} to {last}: write the ids that it gives them"
            )
            readings[word] = ids[tried] - first
    return readings


def _count_met(
    image_ids: NDArray[np.int64],
    classes: NDArray[np.int64],
    boxes: Boxes,
    truth: CocoTruth,
) -> int:
    """Return how many detections overlap an object of their image and class enough."""
    order = np.argsort(truth.box_image_ids, kind="stable")
    images = truth.box_image_ids[order]
    starts = np.searchsorted(images, image_ids)  # [N]
    counts = np.searchsorted(images, image_ids, side="right") - starts
    detection = np.repeat(np.arange(len(image_ids)), counts)  # [P] pairs of one image
    firsts = np.repeat(np.cumsum(counts) - counts, counts)
    truth_box = order[np.repeat(starts, counts) + np.arange(len(detection)) - firsts]
    category_ids = truth.category_ids[classes[detection]]
    is_same = truth.box_category_ids[truth_box] == category_ids
    detection, truth_box = detection[is_same], truth_box[is_same]
    ours, theirs = boxes[detection], truth.boxes_xywh[truth_box]
    near = np.maximum(ours[:, :2], theirs[:, :2])
    far = np.minimum(ours[:, :2] + ours[:, 2:], theirs[:, :2] + theirs[:, 2:])
    shared = np.maximum(far - near, 0).prod(axis=1)  # [P]
    union = ours[:, 2:].prod(axis=1) + theirs[:, 2:].prod(axis=1) - shared
    sound = (ours[:, 2:] >= 0).all(axis=1) & (union > 0)
    return len(np.unique(detection[sound & (shared >= MEETS * union)]))
