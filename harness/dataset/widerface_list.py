"""Parses a WIDER FACE list (``wider_face_val_bbx_gt.txt``), image by image.

For each image: a line with its path, a line with the number of faces, a line per face
that starts with ``x y w h``. An image without a face has the number 0 and then, in the
official lists, one line of zeros that is no face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.dataset.foreign_file import text_of
from harness.errors import DatasetInvalid, located

LONGEST_COUNT = 9  # digits of a number of faces


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFaces:
    """One image of a list."""

    name: str  # "0--Parade/0_Parade_marchingband_1_849": as FaceTruth names it
    boxes_xywh: NDArray[np.float64]  # [M, 4] as in the file


def read_face_list(path: Path) -> tuple[ListedFaces, ...]:
    """Return the images of a list and their faces, in its order.

    Raises:
        DatasetInvalid: naming the file and the line that is malformed, or the image
            that is listed twice.
    """
    with located(path):
        text = text_of(path.read_bytes(), "a list of faces")
        return parse_face_list(text.splitlines())


def parse_face_list(lines: Sequence[str]) -> tuple[ListedFaces, ...]:
    """Return the images of a list and their faces; as :func:`read_face_list`."""
    images: dict[str, ListedFaces] = {}
    place = 0
    while place < len(lines):
        if not lines[place].strip():
            place += 1
            continue
        name = _name(lines[place], place)
        count = _count(lines, place + 1)
        first = place + 2
        place = first + count
        if place > len(lines):
            raise DatasetInvalid(
                f"line {first}", expected=f"{count} faces", got=len(lines) - first
            )
        boxes = [_box(lines[one], one) for one in range(first, place)]
        if count == 0 and place < len(lines) and _is_zeros(lines[place]):
            place += 1
        if name in images:
            raise DatasetInvalid(f"line {first - 1}: image {name} is listed twice")
        images[name] = ListedFaces(
            name=name, boxes_xywh=np.array(boxes, np.float64).reshape(-1, 4)
        )
    return tuple(images.values())


def _name(line: str, place: int) -> str:
    path = line.strip()
    if not path.endswith(".jpg"):
        raise DatasetInvalid(
            f"line {place + 1}", expected="event/image.jpg", got=repr(line)
        )
    return path.removesuffix(".jpg")


def _count(lines: Sequence[str], place: int) -> int:
    text = lines[place].strip() if place < len(lines) else ""
    # No image has a thousand million faces, and Python does not convert 5000 digits.
    if not text.isdecimal() or len(text) > LONGEST_COUNT:
        raise DatasetInvalid(
            f"line {place + 1}", expected="the number of faces", got=repr(text)
        )
    return int(text)


def _box(line: str, place: int) -> list[float]:
    try:
        box = [float(part) for part in line.split()[:4]]
    except ValueError:
        box = []
    if len(box) != 4 or not np.isfinite(box).all():
        raise DatasetInvalid(
            f"line {place + 1}", expected="x y w h and labels", got=repr(line)
        )
    return box


def _is_zeros(line: str) -> bool:
    parts = line.split()
    return bool(parts) and all(part.strip("0.") == "" for part in parts)
