"""COCO result lists: ``[{image_id, category_id, bbox: [x, y, w, h], score}, ...]``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.atomic import write_bytes
from harness.boxes import xyxy_to_xywh_inclusive
from harness.detections import Detections, Results
from harness.errors import DetectionsInvalid, HarnessError, located
from harness.truth import CocoTruth


class _Entry(msgspec.Struct, gc=False):
    """One entry of a result list; other keys are passed over."""

    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    score: float


_ENTRIES = msgspec.json.Decoder(list[_Entry])


def to_results(detections: Detections) -> Results:
    """Return detections as the published evaluation wrote them: nothing is rounded.

    Sides are inclusive (``w = x2 - x1 + 1``), in float64.  # zoo-spec 1.5
    """
    return Results(
        evaluated_ids=detections.evaluated_ids,
        image_ids=detections.image_ids,
        classes=detections.classes,
        scores=detections.scores.astype(np.float64),
        boxes=xyxy_to_xywh_inclusive(detections.boxes_xyxy.astype(np.float64)),
    )


def read(path: Path, truth: CocoTruth) -> Results:
    """Read a result list; every image of the truth counts as evaluated.

    Keys other than the four are passed over. Ids are JSON integers: text and fractions
    are refused, as no annotation has them.

    Raises:
        DetectionsInvalid: not such a list, a key is missing or of the wrong kind, a
            number is not finite, a side is negative, or the truth does not list an
            image or a category. The message names file and entry.
    """
    with located(path):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DetectionsInvalid(
                "cannot be read", expected="a JSON file", got=error.strerror
            ) from error
        try:
            results = _to_arrays(_ENTRIES.decode(content), truth)
        except (msgspec.DecodeError, UnicodeDecodeError, OverflowError):
            results = None
        if results is None or not _is_sound(results):
            results = _read_slowly(content, truth)
    return results


def write(results: Results, truth: CocoTruth, path: Path) -> None:
    """Write a result list that reads back as the same values, bit for bit.

    Raises:
        DetectionsInvalid: a class is none of the truth's categories.
    """
    count = len(truth.category_ids)
    if (results.classes >= count).any():
        raise DetectionsInvalid(
            "classes", expected=f"0 to {count - 1}", got=int(results.classes.max())
        )
    entries = [
        {"image_id": image_id, "category_id": category_id, "bbox": box, "score": score}
        for image_id, category_id, box, score in zip(
            results.image_ids.tolist(),
            truth.category_ids[results.classes].tolist(),
            results.boxes.tolist(),
            results.scores.tolist(),
            strict=True,
        )
    ]
    write_bytes(path, msgspec.json.encode(entries) + b"\n")


def _to_arrays(entries: list[_Entry], truth: CocoTruth) -> Results:
    """Return entries as arrays; class -1 stands for an unknown category."""
    count = len(entries)

    def whole(name: str) -> NDArray[np.int64]:
        return np.fromiter(map(attrgetter(name), entries), np.int64, count)

    boxes = chain.from_iterable(map(attrgetter("bbox"), entries))
    category_ids = whole("category_id")
    places = np.searchsorted(truth.category_ids, category_ids)  # [N]
    places = np.minimum(places, len(truth.category_ids) - 1)
    known = truth.category_ids[places] == category_ids  # [N]
    return Results(
        evaluated_ids=truth.image_ids,
        image_ids=whole("image_id"),
        classes=np.where(known, places, -1).astype(np.int32),
        scores=np.fromiter(map(attrgetter("score"), entries), np.float64, count),
        boxes=np.fromiter(boxes, np.float64, 4 * count).reshape(count, 4),
    )


def _is_sound(results: Results) -> bool:
    """Return whether no entry has to be looked for; sizes and ids of all at once."""
    return bool(
        (results.classes >= 0).all()
        and (results.boxes[:, 2:] >= 0).all()
        and np.isin(results.image_ids, results.evaluated_ids).all()
    )


def _read_slowly(content: bytes, truth: CocoTruth) -> Results:
    """Find what the fast way met; it takes six times as long and names the entry."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DetectionsInvalid("not JSON", got=error) from error
    if not isinstance(data, list):
        raise DetectionsInvalid(
            "not a COCO result list", expected="a list", got=type(data).__name__
        )
    return _to_arrays(list(_checked(data, truth)), truth)


def _checked(data: list[Any], truth: CocoTruth) -> Iterator[_Entry]:
    image_ids = set(truth.image_ids.tolist())
    category_ids = set(truth.category_ids.tolist())
    for index, entry in enumerate(data):
        try:
            yield _checked_entry(entry, image_ids, category_ids)
        except HarnessError as error:
            error.where = (f"entry at index {index}", *error.where)
            raise


def _checked_entry(entry: Any, image_ids: set[int], category_ids: set[int]) -> _Entry:
    if not isinstance(entry, dict):
        raise DetectionsInvalid("entry", expected="an object", got=_told(entry))
    missing = [name for name in _Entry.__struct_fields__ if name not in entry]
    if missing:
        raise DetectionsInvalid(
            f"key {missing[0]} is missing",
            got=f"only {', '.join(sorted(entry)) or 'none'}",
        )
    if not _is_finite(entry["score"]):
        raise DetectionsInvalid(
            "score", expected="a finite number", got=_told(entry["score"])
        )
    return _Entry(
        image_id=_known(entry, "image_id", image_ids),
        category_id=_known(entry, "category_id", category_ids),
        bbox=_box(entry["bbox"]),
        score=float(entry["score"]),
    )


def _known(entry: Mapping[str, Any], name: str, known: set[int]) -> int:
    value = entry[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise DetectionsInvalid(name, expected="an integer", got=_told(value))
    if value not in known:
        raise DetectionsInvalid(
            name,
            expected=f"one of the {len(known)} that the truth lists",
            got=_told(value),
            next_step="score against the annotations that it was made for",
        )
    return value


def _box(box: Any) -> tuple[float, float, float, float]:
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_finite, box)):
        raise DetectionsInvalid(
            "bbox", expected="[x, y, width, height], finite numbers", got=_told(box)
        )
    left, top, width, height = map(float, box)
    if width < 0 or height < 0:
        raise DetectionsInvalid("bbox", expected="sides of 0 or more", got=_told(box))
    return left, top, width, height


def _is_finite(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max  # math.isfinite raises on a huge integer
    )


def _told(value: Any) -> str:
    """Return a value as the file has it, cut where it would fill the screen."""
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
