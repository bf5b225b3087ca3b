"""A COCO result list that is in memory in, ``Results`` out; every entry is checked."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import DetectionsInvalid
from harness.values.detections import Results
from harness.values.truth import CocoTruth

#: Key of an entry -> the kind of array that takes its numbers, and no others.
KINDS = {"image_id": "q", "category_id": "q", "score": "d", "bbox": "d"}
TOLD = {"q": "a whole number of 64 bits", "d": "a number"}


def entries_to_results(entries: Sequence[Any], truth: CocoTruth) -> Results:
    """Return what a result list states; every image of the truth counts as evaluated.

    Args:
        entries: ``{"image_id", "category_id", "bbox": [x, y, w, h], "score"}`` each;
            other keys are passed over. Left as they are.
        truth: the images and categories that there are.

    Raises:
        DetectionsInvalid: an entry lacks a key, has no number where one belongs, a
            negative side or an unknown image or category; one such entry is named,
            counted from 0.
    """
    try:
        columns = [list(map(itemgetter(key), entries)) for key in KINDS]
        boxes = columns.pop()
        lengths = set(map(len, boxes))
        image_ids, category_ids, scores = (
            np.array(array(kind, column))
            for kind, column in zip(KINDS.values(), columns, strict=False)
        )
        flat = np.array(array("d", list(chain.from_iterable(boxes))))
    except (KeyError, TypeError, ValueError, OverflowError, IndexError) as error:
        raise _fault(entries) from error
    if lengths - {4}:
        raise _fault(entries)
    boxes_xywh = flat.reshape(-1, 4)
    images, categories = truth.image_ids, truth.category_ids
    for key, expected, is_good in (
        ("score", "a finite number", np.isfinite(scores)),
        ("bbox", "finite numbers", np.isfinite(boxes_xywh)),
        ("bbox", "no negative side", boxes_xywh[:, 2:] >= 0),
        ("image_id", f"one of the {len(images)} of the truth", _in(image_ids, images)),
        (
            "category_id",
            f"one of the {len(categories)} of the truth",
            _in(category_ids, categories),
        ),
    ):
        if not is_good.all():
            place = int(np.argwhere(~is_good)[0, 0])
            raise _refused(place, key, expected, entries[place][key])
    return Results(
        evaluated_ids=images,
        image_ids=image_ids,
        classes=np.searchsorted(categories, category_ids).astype(np.int32),
        scores=scores,
        boxes=boxes_xywh,
    )


def _in(ids: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which ids are known; quicker than ``isin`` where few are; ``[N]``."""
    ascending = np.sort(known)
    places = np.searchsorted(ascending, ids)
    if not len(known):
        return places < 0
    is_known: NDArray[np.bool_] = ascending[np.minimum(places, len(known) - 1)] == ids
    return is_known


def _fault(entries: Sequence[Any]) -> DetectionsInvalid:
    """Return the refusal of the first entry that is not made as it should be."""
    for place, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            return DetectionsInvalid(
                f"entry {place}", expected="an object", got=repr(entry)
            )
        for key, kind in KINDS.items():
            if key not in entry:
                return DetectionsInvalid(
                    f"entry {place}", expected=repr(key), got="none"
                )
            value = entry[key]
            is_box = key == "bbox"
            if not _fits(value if is_box else [value], 4 if is_box else 1, kind):
                return _refused(
                    place, key, "4 numbers" if is_box else TOLD[kind], value
                )
    raise AssertionError("no entry is at fault")  # pragma: no cover


def _fits(values: Any, count: int, kind: str) -> bool:
    try:
        return len(array(kind, values)) == count and not isinstance(values, str | bytes)
    except (TypeError, ValueError, OverflowError):
        return False


def _refused(place: int, key: str, expected: str, got: Any) -> DetectionsInvalid:
    return DetectionsInvalid(f"entry {place}, {key}", expected=expected, got=repr(got))
