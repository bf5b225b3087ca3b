"""Reads the ground truth of the four official WIDER FACE ``.mat`` files.

``wider_face_val.mat`` holds cells: ``event_list{e}``, ``file_list{e}{i}`` (no
``.jpg``) and ``face_bbx_list{e}{i}`` (``[M, 4]``, xywh). Each of the files of a subset
repeats them and adds ``gt_list{e}{i}``: which faces it counts, from 1 up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.dataset.mat_cells import Cell, mat_reader, read_variables
from harness.errors import DatasetInvalid, located
from harness.process.limited_child import LimitedChild
from harness.values.truth import FaceTruth

FACES = "wider_face_val.mat"
SUBSETS: Mapping[str, str] = {  # field of FaceTruth -> file
    "is_easy": "wider_easy_val.mat",
    "is_medium": "wider_medium_val.mat",
    "is_hard": "wider_hard_val.mat",
}
MAT_FILES = (FACES, *SUBSETS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """What each of the four files says."""

    names: tuple[str, ...]  # [I] "event/image"
    boxes: tuple[NDArray[np.float64], ...]  # [I] of [M, 4]


def read_ground_truth(folder: Path) -> FaceTruth:
    """Return the truth that the four files of a folder state together.

    Raises:
        DatasetInvalid: naming file, event and image: a file that is not MATLAB's, a
            variable that is missing, lists of different lengths, a face number outside
            1..n or twice, an image listed twice, or files about different images.
    """
    with mat_reader() as reader:
        with located(folder / FACES):
            listed, _ = _read(folder / FACES, [], reader)
        counts = np.array([len(boxes) for boxes in listed.boxes], np.int64)
        starts = np.cumsum(counts) - counts
        members = {}
        for field, file in SUBSETS.items():
            with located(folder / file):
                theirs, numbers = _read(folder / file, ["gt_list"], reader)
                _demand_same(listed, theirs)
                member = np.zeros(int(counts.sum()), np.bool_)
                for name, start, count, cell in zip(
                    listed.names, starts, counts, numbers["gt_list"], strict=True
                ):
                    with located(name):
                        member[start + _places(cell, int(count))] = True
                members[field] = member
    return FaceTruth(
        image_ids=np.arange(len(listed.names)),
        image_names=np.array(listed.names, np.str_),
        box_image_ids=np.repeat(np.arange(len(listed.names)), counts),
        boxes_xywh=np.concatenate([np.zeros((0, 4)), *listed.boxes]),
        **members,
    )


def _read(
    path: Path, more: Sequence[str], reader: LimitedChild
) -> tuple[_Listed, dict[str, list[Cell]]]:
    """Return what every file says, and further lists of an entry per image."""
    names_of_all = ["event_list", "file_list", "face_bbx_list", *more]
    variables = read_variables(path, names_of_all, reader)
    events = [_text(cell) for cell in _cells(variables["event_list"], "event_list")]
    files = _cells(variables["file_list"], "file_list", len(events))
    names: list[str] = []
    lists: dict[str, list[Cell]] = {name: [] for name in ("face_bbx_list", *more)}
    for place, (event, cell) in enumerate(zip(events, files, strict=True)):
        with located(f"event {event}"):
            images = [_text(one) for one in _cells(cell, "file_list")]
            names += [f"{event}/{image}" for image in images]
            for name, gathered in lists.items():
                of_event = _cells(variables[name], name, len(events))[place]
                gathered.extend(_cells(of_event, name, len(images)))
    known: set[str] = set()
    for name in names:
        if name in known:
            raise DatasetInvalid(f"image {name} is listed twice")
        known.add(name)
    boxes = []
    for name, cell in zip(names, lists.pop("face_bbx_list"), strict=True):
        with located(name):
            boxes.append(_boxes(cell))
    return _Listed(names=tuple(names), boxes=tuple(boxes)), lists


def _cells(value: Cell, name: str, count: int | None = None) -> list[Cell]:
    """Return the entries of a list of cells, of which there must be ``count``."""
    if value.size and value.dtype != np.object_:
        raise DatasetInvalid(f"{name} is not a list of cells", got=value.dtype)
    if count is not None and value.size != count:
        raise DatasetInvalid(f"length of {name}", expected=count, got=value.size)
    return list(value.ravel(order="F"))


def _text(cell: Cell) -> str:
    """Return a name that is one part of a path: it cannot lead to another folder."""
    text = str(cell.item()) if cell.size == 1 and cell.dtype.kind == "U" else ""
    if not text.strip(".") or {"/", "\\", "\0"} & set(text):
        raise DatasetInvalid("a name", expected="text without a slash", got=cell)
    return text


def _boxes(cell: Cell) -> NDArray[np.float64]:
    if not cell.size:
        return np.zeros((0, 4))
    if cell.dtype.kind not in "iuf" or cell.shape[1:] != (4,):
        raise DatasetInvalid(
            "face_bbx_list", expected="rows of x y w h", got=f"shape {cell.shape}"
        )
    boxes = cell.astype(np.float64)
    if not np.isfinite(boxes).all():
        raise DatasetInvalid("face_bbx_list", expected="finite numbers")
    return boxes


def _places(cell: Cell, count: int) -> NDArray[np.int64]:
    """Return 0-based places of the faces that a subset counts."""
    if not cell.size:
        return np.zeros(0, np.int64)
    numbers = cell.ravel()
    if cell.dtype.kind not in "iuf":
        raise DatasetInvalid("gt_list", expected="numbers", got=cell.dtype)
    bad = numbers[(numbers < 1) | (numbers > count) | (numbers != np.floor(numbers))]
    if len(bad):
        raise DatasetInvalid("gt_list", expected=f"faces 1 to {count}", got=bad[0])
    if len(np.unique(numbers)) != len(numbers):
        raise DatasetInvalid("gt_list names a face twice", got=numbers.tolist())
    return numbers.astype(np.int64) - 1


def _demand_same(faces: _Listed, subset: _Listed) -> None:
    """Refuse a subset's file about other images or faces than the first file."""
    if faces.names != subset.names:
        differing = sorted(set(faces.names) ^ set(subset.names))
        raise DatasetInvalid(
            f"images are not those of {FACES}",
            expected=f"{len(faces.names)} images in the same order",
            got=f"{len(subset.names)}; one says {differing[0]}, the other does not"
            if differing
            else "another order",
        )
    for name, ours, theirs in zip(faces.names, faces.boxes, subset.boxes, strict=True):
        if not np.array_equal(ours, theirs):
            raise DatasetInvalid(
                f"{name}: face_bbx_list is not that of {FACES}",
                expected=f"{len(ours)} faces",
                got=len(theirs) if len(ours) != len(theirs) else "other boxes",
            )
