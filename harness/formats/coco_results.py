"""COCO result lists: ``[{image_id, category_id, bbox: [x, y, w, h], score}, ...]``."""

from __future__ import annotations

import logging
from itertools import chain
from operator import attrgetter
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import DetectionsInvalid, located, refusing_unreadable
from harness.files.atomic import write_bytes
from harness.formats.coco_checked_entries import CocoEntry, checked_entries
from harness.values.boxes import xyxy_to_xywh_inclusive
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth

LOGGER = logging.getLogger(__name__)

_ENTRIES = msgspec.json.Decoder(list[CocoEntry])


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

    Keys other than the four are passed over. Ids are whole numbers, ``42`` or ``42.0``:
    text and fractions are refused, as no annotation has them.

    Raises:
        DetectionsInvalid: not such a list, a key is missing or of the wrong kind, a
            number is not finite, a side is negative, or the truth does not list an
            image or a category. The message names file and entry.
    """
    with located(path):
        with refusing_unreadable(DetectionsInvalid, "give a COCO result list, JSON"):
            content = path.read_bytes()
        try:
            results = _to_arrays(_ENTRIES.decode(content), truth)
        except (
            msgspec.DecodeError,
            UnicodeDecodeError,
            OverflowError,
            RecursionError,
        ):
            results = None
        if results is None or not _is_sound(results):
            # Six times as long, and it names the entry.
            LOGGER.debug("%s: read entry by entry", path)
            results = _to_arrays(checked_entries(content, truth), truth)
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


def _to_arrays(entries: list[CocoEntry], truth: CocoTruth) -> Results:
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
