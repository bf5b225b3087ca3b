"""Parses and checks a COCO annotation file: its images and its truth."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from harness.dataset.foreign_file import refuse_foreign
from harness.errors import DatasetInvalid, located
from harness.values.truth import CocoTruth


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedImage:
    """One image as the annotation file lists it."""

    image_id: int
    file_name: str  # relative to the image folder
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoAnnotations:
    """One annotation file, checked."""

    images: tuple[ListedImage, ...]  # file order
    truth: CocoTruth
    class_names: tuple[str, ...]  # class c has the c-th id; "" where none is given


def parse_annotations(text: str | bytes) -> CocoAnnotations:
    """Read and check a COCO annotation file.

    Args:
        text: the JSON of a file in the form of ``instances_val2017.json``.

    Raises:
        DatasetInvalid: not JSON, a field is missing or of the wrong kind, an id is
            listed twice, an annotation is of an unknown image or category, a size is
            negative or not finite. The message names the entry and the field.
    """
    data = _parse_object(text)
    images = _parse_images(_entries(data, "images"))
    categories = _entries(data, "categories")
    category_ids = _unique_ids(categories, "category")
    names = [_printable(entry.get("name", "")) for entry in categories]
    truth = _parse_truth(
        _entries(data, "annotations"),
        image_ids=[image.image_id for image in images],
        category_ids=sorted(category_ids),
    )
    return CocoAnnotations(
        images=images,
        truth=truth,
        class_names=tuple(
            name for _, name in sorted(zip(category_ids, names, strict=True))
        ),
    )


def parse_truth(text: str | bytes) -> CocoTruth:
    """Read and check what scoring needs: neither names nor sizes of the images.

    Args:
        text: as for :func:`parse_annotations`.

    Raises:
        DatasetInvalid: as for :func:`parse_annotations`, but for those fields.
    """
    data = _parse_object(text)
    images = _entries(data, "images")
    _demand_images(images)
    category_ids = _unique_ids(_entries(data, "categories"), "category")
    return _parse_truth(
        _entries(data, "annotations"),
        image_ids=_unique_ids(images, "image"),
        category_ids=sorted(category_ids),
    )


def parse_category_names(text: str | bytes) -> Mapping[int, str]:
    """Return category id -> name; one that has no name of its own has its id.

    Args:
        text: as for :func:`parse_annotations`.

    Raises:
        DatasetInvalid: the categories are malformed.
    """
    entries = _entries(_parse_object(text), "categories")
    ids = _unique_ids(entries, "category")
    names = [_printable(entry.get("name", "")) for entry in entries]
    counts = Counter(names)
    return {
        one: name if name and counts[name] == 1 else str(one)
        for one, name in zip(ids, names, strict=True)
    }


def _printable(name: object) -> str:
    r"""Return a name with what no terminal shows written out: ``\ud800``, ``\x1b``."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(name))


def _parse_object(text: str | bytes) -> Mapping[str, Any]:
    if isinstance(text, bytes):
        refuse_foreign(text, "a COCO annotation file")
    try:
        data = json.loads(text)
    except UnicodeDecodeError as error:
        raise DatasetInvalid(
            "not UTF-8 text", got=error, next_step="save it again in the encoding UTF-8"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DatasetInvalid("not JSON", got=error) from error
    if not isinstance(data, dict):
        raise DatasetInvalid(
            "not a COCO annotation file",
            expected="an object",
            got=type(data).__name__,
        )
    return data


def _parse_images(entries: Sequence[Mapping[str, Any]]) -> tuple[ListedImage, ...]:
    _demand_images(entries)
    ids = _unique_ids(entries, "image")
    images = []
    for image_id, entry in zip(ids, entries, strict=True):
        with located(f"image {image_id}"):
            images.append(
                ListedImage(
                    image_id=image_id,
                    file_name=_file_name(entry),
                    width_px=_side_px(entry, "width"),
                    height_px=_side_px(entry, "height"),
                )
            )
    return tuple(images)


def _demand_images(entries: Sequence[Mapping[str, Any]]) -> None:
    if not entries:
        raise DatasetInvalid("images", expected="at least one", got="none")


def _parse_truth(
    entries: Sequence[Mapping[str, Any]],
    *,
    image_ids: Sequence[int],
    category_ids: Sequence[int],
) -> CocoTruth:
    ids = _unique_ids(entries, "annotation")
    known_images, known_categories = set(image_ids), set(category_ids)
    box_image_ids, box_category_ids, boxes, areas, crowds = [], [], [], [], []
    for annotation_id, entry in zip(ids, entries, strict=True):
        with located(f"annotation {annotation_id}"):
            box_image_ids.append(_known_id(entry, "image_id", known_images))
            box_category_ids.append(_known_id(entry, "category_id", known_categories))
            boxes.append(_box(entry))
            areas.append(_area(entry))
            crowds.append(_is_crowd(entry))
    return CocoTruth(
        image_ids=np.array(image_ids, dtype=np.int64),
        category_ids=np.array(category_ids, dtype=np.int64),
        box_image_ids=np.array(box_image_ids, dtype=np.int64),
        box_category_ids=np.array(box_category_ids, dtype=np.int64),
        boxes_xywh=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        areas_px2=np.array(areas, dtype=np.float64),
        is_crowd=np.array(crowds, dtype=np.bool_),
    )


def _entries(data: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    entries = _field(data, name)
    if not isinstance(entries, list):
        raise DatasetInvalid(name, expected="a list", got=type(entries).__name__)
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise DatasetInvalid(
                f"{name}[{index}]", expected="an object", got=repr(entry)
            )
    return entries


def _field(entry: Mapping[str, Any], name: str) -> Any:
    if name not in entry:
        raise DatasetInvalid(
            f"field {name} is missing", got=f"only {', '.join(sorted(entry))}"
        )
    return entry[name]


def _unique_ids(entries: Sequence[Mapping[str, Any]], what: str) -> list[int]:
    ids: dict[int, int] = {}
    for index, entry in enumerate(entries):
        with located(f"{what} at index {index}"):
            entry_id = _integer(entry, "id")
            if entry_id in ids:
                raise DatasetInvalid(
                    f"id {entry_id} is listed twice",
                    got=f"also at index {ids[entry_id]}",
                )
            ids[entry_id] = index
    return list(ids)


def _integer(entry: Mapping[str, Any], name: str) -> int:
    """Return a whole number, which pandas and others write as ``42.0``."""
    value = _field(entry, name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DatasetInvalid(name, expected="an integer", got=repr(value))
    if abs(value) >= 2**63:
        raise DatasetInvalid(
            name,
            expected="an integer of 64 bits with a sign, below 2**63",
            got=value,
            next_step="number anew from 1, here and in what refers to it",
        )
    return value


def _known_id(entry: Mapping[str, Any], name: str, known: set[int]) -> int:
    value = _integer(entry, name)
    if value not in known:
        raise DatasetInvalid(
            name, expected=f"one of the {len(known)} listed", got=value
        )
    return value


def _is_finite(value: object) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max  # math.isfinite raises on a huge integer
    )


def _is_size(value: Any) -> bool:
    return _is_finite(value) and value >= 0


def _side_px(entry: Mapping[str, Any], name: str) -> int:
    value = _integer(entry, name)
    if value < 1:
        raise DatasetInvalid(name, expected="1 px or more", got=value)
    return value


def _file_name(entry: Mapping[str, Any]) -> str:
    value = _field(entry, "file_name")
    if not isinstance(value, str) or not value:
        raise DatasetInvalid("file_name", expected="a name", got=repr(value))
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts:
        raise DatasetInvalid(
            "file_name", expected="a name inside the image folder", got=repr(value)
        )
    return value


def _box(entry: Mapping[str, Any]) -> list[float]:
    box = _field(entry, "bbox")
    if (
        not isinstance(box, list)
        or len(box) != 4
        or not all(map(_is_finite, box[:2]))
        or not all(map(_is_size, box[2:]))
    ):
        raise DatasetInvalid(
            "bbox",
            expected="[x, y, width, height], finite, sides 0 or more",
            got=repr(box),
        )
    return [float(number) for number in box]


def _area(entry: Mapping[str, Any]) -> float:
    value = _field(entry, "area")
    if not _is_size(value):
        raise DatasetInvalid("area", expected="finite, 0 or more", got=repr(value))
    return float(value)


def _is_crowd(entry: Mapping[str, Any]) -> bool:
    value = _field(entry, "iscrowd")
    if value not in (0, 1):
        raise DatasetInvalid("iscrowd", expected="0 or 1", got=repr(value))
    return bool(value)
