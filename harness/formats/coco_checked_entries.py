"""Checks a COCO result list entry by entry, and names the first at fault."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from harness.errors import DetectionsInvalid, HarnessError
from harness.printable import first_few, printable
from harness.values.truth import CocoTruth

#: A value of a file is told up to here: enough for a box of eight digits each.
LONGEST_VALUE = 80

#: How many categories a message maps from place to id, as an example.
TOLD_PAIRS = 3


class CocoEntry(msgspec.Struct, gc=False):
    """One entry of a result list; other keys are passed over."""

    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    score: float


def checked_entries(content: bytes, truth: CocoTruth) -> list[CocoEntry]:
    """Return the entries of a COCO result list, each looked at by itself.

    Raises:
        DetectionsInvalid: not such a list, or an entry that is not as it should be; the
            message names the entry.
    """
    data = _parse_json(content)
    if not isinstance(data, list):
        raise _no_list(data)
    return list(_checked(data, truth))


def _parse_json(content: bytes) -> Any:
    again = "write the list of detections again, as JSON in UTF-8"
    try:
        return json.loads(content)
    except UnicodeDecodeError as error:
        raise DetectionsInvalid("not UTF-8 text", got=error, next_step=again) from error
    except json.JSONDecodeError as error:
        raise DetectionsInvalid(
            "an empty file" if not content.strip() else "not JSON",
            expected="a list, [] where nothing was found",
            got=None if not content.strip() else error,
            next_step=again,
        ) from error
    except RecursionError as error:
        raise DetectionsInvalid(
            "nested deeper than can be read",
            expected="a list of flat objects",
            next_step="leave out keys other than "
            + ", ".join(CocoEntry.__struct_fields__),
        ) from error
    except ValueError as error:  # Python reads no more than 4,300 digits
        raise DetectionsInvalid(
            "a number with thousands of digits",
            got=str(error).partition(";")[0],
            next_step=again,
        ) from error


def _no_list(data: Any) -> DetectionsInvalid:
    """Return the refusal of a file that is no list, saying where its list may be."""
    if not isinstance(data, dict):
        return DetectionsInvalid(
            "not a COCO result list",
            expected="a list",
            got=_told(data),
            next_step="write the list of detections alone",
        )
    keys = ", ".join(sorted(data)) or "no key"
    next_step = "write the list of detections alone"
    for key, entries in data.items():
        if not isinstance(entries, list) or not entries:
            continue
        if not isinstance(entries[0], dict) or "bbox" not in entries[0]:
            continue
        if "score" in entries[0]:
            next_step += f": json.dump(data[{json.dumps(key)}], file)"
        else:
            next_step = (
                f"its {key} have no score: this is a truth file, for --truth; "
                "results are a list of entries with scores"
            )
        break
    return DetectionsInvalid(
        "not a COCO result list",
        expected="a list",
        got=f"an object with {printable(keys, longest_chars=LONGEST_VALUE)}",
        next_step=next_step,
    )


def _checked(data: list[Any], truth: CocoTruth) -> Iterator[CocoEntry]:
    image_ids = set(truth.image_ids.tolist())
    category_ids = set(truth.category_ids.tolist())
    for index, entry in enumerate(data):
        try:
            checked = _checked_entry(entry, image_ids)
            if checked.category_id not in category_ids:
                raise _unknown_category(checked.category_id, data, category_ids)
        except HarnessError as error:
            error.where = (f"entry at index {index}", *error.where)
            raise
        yield checked


def _checked_entry(entry: Any, image_ids: set[int]) -> CocoEntry:
    form = "write image_id, category_id, bbox and score in every entry"
    if not isinstance(entry, dict):
        raise DetectionsInvalid(
            "entry", expected="an object", got=_told(entry), next_step=form
        )
    missing = [name for name in CocoEntry.__struct_fields__ if name not in entry]
    if missing:
        keys = ", ".join(sorted(entry)) or "none"
        raise DetectionsInvalid(
            f"key {missing[0]} is missing",
            got=f"only {printable(keys, longest_chars=LONGEST_VALUE)}",
            next_step=form,
        )
    if not _is_finite(entry["score"]):
        raise DetectionsInvalid(
            "score",
            expected="a finite number",
            got=_told(entry["score"]),
            next_step="leave the entry out, or give it its score",
        )
    image_id = _whole(entry, "image_id")
    if image_id not in image_ids:
        raise DetectionsInvalid(
            "image_id",
            expected=f"one of the {len(image_ids)} that the truth lists",
            got=_told(image_id),
            next_step="score against the annotations that it was made for",
        )
    return CocoEntry(
        image_id=image_id,
        category_id=_whole(entry, "category_id"),
        bbox=_box(entry["bbox"]),
        score=float(entry["score"]),
    )


def _whole(entry: Mapping[str, Any], name: str) -> int:
    """Return an id, which pandas and others write as ``42.0``."""
    value = entry[name]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DetectionsInvalid(
            name,
            expected="an integer",
            got=_told(value),
            next_step="write the id as the annotations have it, without quotes",
        )
    return value


def _unknown_category(
    category_id: int, data: list[Any], known: set[int]
) -> DetectionsInvalid:
    """Return the refusal of a category, telling places in a list from other ids."""
    given = {
        one["category_id"]
        for one in data
        if isinstance(one, dict) and isinstance(one.get("category_id"), (int, float))
    }
    first = 0 if 0 in given else 1
    last = first + len(known) - 1
    next_step = "score against the annotations that it was made for"
    if given <= set(range(first, last + 1)):
        pairs = [f"{first + place} is {one}" for place, one in enumerate(sorted(known))]
        next_step = (
            f"if these are places in the truth's list of categories, from {first} to "
            f"{last}, write the categories' own ids: {first_few(pairs, TOLD_PAIRS)}"
        )
    return DetectionsInvalid(
        "category_id",
        expected=f"one of the {len(known)} that the truth lists",
        got=_told(category_id),
        next_step=next_step,
    )


def _box(box: Any) -> tuple[float, float, float, float]:
    form = "write boxes as [x, y, width, height] in pixels"
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_finite, box)):
        raise DetectionsInvalid(
            "bbox",
            expected="[x, y, width, height], finite numbers",
            got=_told(box),
            next_step=form,
        )
    left, top, width, height = map(float, box)
    if width < 0 or height < 0:
        raise DetectionsInvalid(
            "bbox", expected="sides of 0 or more", got=_told(box), next_step=form
        )
    return left, top, width, height


def _is_finite(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max  # math.isfinite raises on a huge integer
    )


def _told(value: Any) -> str:
    """Return a value as the file has it, cut where it would fill the screen."""
    return printable(json.dumps(value), longest_chars=LONGEST_VALUE)
