"""Refuses arrays of other types or shapes than their class states."""

from __future__ import annotations

import typing
from dataclasses import fields
from typing import Any

import numpy as np

from harness.errors import RecordInvalid

#: Fields of a truth -> the field that has an entry for each of theirs.
_OF_IMAGES = dict.fromkeys(("image_names", "sizes_wh"), "image_ids")
_OF_BOXES = dict.fromkeys(
    (
        *("box_category_ids", "box_classes", "boxes_xywh", "boxes_xyxy", "areas_px2"),
        *("is_crowd", "is_difficult", "is_easy", "is_medium", "is_hard"),
    ),
    "box_image_ids",
)

#: Columns of the fields that have them; every other field is a plain list.
_COLUMNS = {"boxes": 4, "boxes_xyxy": 4, "boxes_xywh": 4, "sizes_wh": 2}


def check_kinds(value: Any) -> None:
    """Refuse a dataclass whose arrays have other types or shapes than it states.

    The byte order of an array does not count. Whether detections fit their images is
    checked where they are scored.

    Raises:
        RecordInvalid: an array has another type, length or number of columns.
    """
    hints = typing.get_type_hints(type(value))
    for field in fields(value):
        array = getattr(value, field.name)
        (scalar,) = typing.get_args(typing.get_args(hints[field.name])[1])
        columns = _COLUMNS.get(field.name)
        shape = "[N]" if columns is None else f"[N, {columns}]"
        is_kind = (
            array.dtype.kind == "U"
            if scalar is np.str_
            else array.dtype.newbyteorder("=") == np.dtype(scalar)
        )
        if not is_kind or array.shape[1:] != (() if columns is None else (columns,)):
            raise RecordInvalid(
                f"array {field.name}",
                expected=f"{scalar.__name__} {shape}",
                got=f"{array.dtype.name} {list(array.shape)}",
                next_step="copy the records folder whole",
            )
    for name, leader in (_OF_IMAGES | _OF_BOXES).items():
        array, first = getattr(value, name, None), getattr(value, leader, None)
        if array is not None and first is not None and len(array) != len(first):
            raise RecordInvalid(
                f"array {name}",
                expected=f"{len(first)} rows, as {leader}",
                got=len(array),
                next_step="copy the records folder whole",
            )
