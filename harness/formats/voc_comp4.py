"""VOC result folders: ``comp4_det_test_<class>.txt``, ``image score x1 y1 x2 y2``.

The first pixel is 1, corners are inclusive; images are named as the split's list does.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import (
    DetectionsInvalid,
    located,
    refusing_unreadable,
)
from harness.files.atomic import write_text
from harness.printable import printable
from harness.values.detections import Detections, Results
from harness.values.truth import VocTruth

#: comp3 and comp4: the devkit's words for boxes, trained on VOC alone or on anything.
FILE_NAME = re.compile(r"comp[34]_det_[A-Za-z0-9]+_(?P<name>.+)\.txt")

FIELDS = ("score", "x1", "y1", "x2", "y2")

#: A line of a file is told up to here.
LONGEST_LINE = 80

AGAIN = f"write lines: image {' '.join(FIELDS)}"


def to_results(detections: Detections, truth: VocTruth) -> Results:
    """Return detections as the files state them: by class, counted from 1, unrounded.

    Within a class they keep their order.

    Raises:
        DetectionsInvalid: a class that the truth does not name.
    """
    order = np.argsort(detections.classes, kind="stable")
    classes = detections.classes[order]
    if len(classes) and not 0 <= classes[0] <= classes[-1] < len(truth.class_names):
        raise DetectionsInvalid(
            "classes",
            expected=f"0 to {len(truth.class_names) - 1}",
            got=f"{classes[0]} to {classes[-1]}",
        )
    return Results(
        evaluated_ids=detections.evaluated_ids,
        image_ids=detections.image_ids[order],
        classes=classes,
        scores=detections.scores[order].astype(np.float64),
        boxes=detections.boxes_xyxy[order].astype(np.float64) + 1,
    )


def write(results: Results, truth: VocTruth, folder: Path) -> None:
    """Write one file per class of the truth, also where nothing was found.

    Numbers have as many digits as they need to be read back unchanged.

    Args:
        results: of images and classes of the truth.
        truth: names them.
        folder: made when missing.

    Raises:
        DetectionsInvalid: an image or class that the truth does not name, or numbers
            that are not finite.
    """
    results.check()
    names = dict(zip(truth.image_ids.tolist(), truth.image_names.tolist(), strict=True))
    unknown = np.setdiff1d(results.image_ids, truth.image_ids)
    if len(unknown):
        raise DetectionsInvalid(
            f"detections of image {unknown[0]}, which the truth does not list"
        )
    outside = results.classes[results.classes >= len(truth.class_names)]
    if len(outside):
        raise DetectionsInvalid(
            "classes", expected=f"0 to {len(truth.class_names) - 1}", got=outside[0]
        )
    for number, name in enumerate(truth.class_names.tolist()):
        of_class = np.flatnonzero(results.classes == number)
        rows = np.column_stack((results.scores[of_class], results.boxes[of_class]))
        lines = [
            f"{names[image_id]} {' '.join(map(repr, row))}\n"
            for image_id, row in zip(
                results.image_ids[of_class].tolist(), rows.tolist(), strict=True
            )
        ]
        write_text(folder / f"comp4_det_test_{name}.txt", "".join(lines))


def read(folder: Path, truth: VocTruth) -> Results:
    """Read the files of a folder, made by any tool; by class, lines in their order.

    A class without a file has no detections. Every image of the truth counts as
    evaluated: the files cannot say otherwise.

    Args:
        folder: holds ``comp4_det_test_<class>.txt`` (``comp3``, or another split's
            name, are as good); other ``.txt`` files may not be there. Names that start
            with a dot are passed over.
        truth: names images and classes.

    Raises:
        DetectionsInvalid: no file; a name that is none of a class, two files of one
            class; a line that is malformed, of an unknown image, not finite, or whose
            box has a negative side. The message names file and line.
    """
    paths = _class_paths(folder, truth.class_names.tolist())
    ids = dict(zip(truth.image_names.tolist(), truth.image_ids.tolist(), strict=True))
    image_ids, rows = [], []
    for number in sorted(paths):
        with located(paths[number]):
            of_images, of_class = _read_file(paths[number], ids)
        image_ids.append(of_images)
        rows.append(of_class)
    return Results(
        evaluated_ids=truth.image_ids,
        image_ids=np.concatenate(image_ids),
        classes=np.repeat(np.array(sorted(paths), np.int32), list(map(len, rows))),
        scores=np.concatenate([one[:, 0] for one in rows]),
        boxes=np.concatenate([one[:, 1:] for one in rows]),
    )


def silent_classes(
    folder: Path, results: Results, truth: VocTruth
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the classes without a file, and those whose file has no line, in order.

    Args:
        folder: as it was read.
        results: what was read from it.
        truth: names the classes.
    """
    names: list[str] = truth.class_names.tolist()
    with_file = _class_paths(folder, names)
    with_lines = set(results.classes.tolist())
    return (
        tuple(one for place, one in enumerate(names) if place not in with_file),
        tuple(names[place] for place in sorted(set(with_file) - with_lines)),
    )


def _class_paths(folder: Path, class_names: Sequence[str]) -> dict[int, Path]:
    given = "give the folder that holds comp4_det_test_<class>.txt"
    with located(folder), refusing_unreadable(DetectionsInvalid, given):
        names = sorted(
            path.name
            for path in folder.iterdir()
            if path.suffix == ".txt" and not path.name.startswith(".")
        )
    classes = {name: number for number, name in enumerate(class_names)}
    paths: dict[int, Path] = {}
    for name in names:
        parsed = FILE_NAME.fullmatch(name)
        number = None if parsed is None else classes.get(parsed["name"])
        with located(folder / name):
            if number is None:
                raise DetectionsInvalid(
                    "file name",
                    expected="comp4_det_test_<class>.txt, of one of the "
                    f"{len(classes)} classes",
                    got=name,
                    next_step="remove it, or score against the truth of its classes",
                )
            if number in paths:
                raise DetectionsInvalid(
                    "a second file of this class",
                    got=f"also {paths[number].name}",
                    next_step="keep one of the two",
                )
        paths[number] = folder / name
    if not paths:
        raise DetectionsInvalid(
            "results",
            expected="comp4_det_test_<class>.txt",
            got=f"none in {folder}",
            next_step=given,
        )
    return paths


def _read_file(
    path: Path, ids: Mapping[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the image ids ``[N]`` and the numbers ``[N, 5]`` of one file.

    All lines at once; only when that fails, line by line to find the one at fault.
    """
    with refusing_unreadable(DetectionsInvalid, AGAIN):
        content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")  # Windows tools write the mark
    except UnicodeDecodeError as error:
        raise DetectionsInvalid(
            "not UTF-8 text", got=error, next_step="write it again as UTF-8"
        ) from error
    at_once = None if not text or text.isspace() else _parse_at_once(text, ids)
    return at_once or _parse_by_line(text, ids)


def _parse_at_once(
    text: str, ids: Mapping[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Return as ``_read_file``, or None when some line is wrong."""
    width = max(map(len, ids)) + 1  # of a longer name enough is left to be unknown
    try:
        table = np.loadtxt(
            io.StringIO(text),
            dtype=[("image", f"U{width}"), ("numbers", np.float64, len(FIELDS))],
            comments=None,
            ndmin=1,
        )
        image_ids = np.array(
            [ids[name] for name in table["image"].tolist()], dtype=np.int64
        )
    except (ValueError, KeyError):
        return None
    numbers: NDArray[np.float64] = table["numbers"]
    if not np.isfinite(numbers).all():
        return None
    if (numbers[:, 3:] - numbers[:, 1:3] + 1 < 0).any():
        return None
    return image_ids, numbers


def _parse_by_line(
    text: str, ids: Mapping[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    image_ids, rows = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        with located(f"line {number}"):
            image_id, row = _parse_line(line, ids)
        image_ids.append(image_id)
        rows.append(row)
    return (
        np.array(image_ids, dtype=np.int64),
        np.array(rows, dtype=np.float64).reshape(-1, len(FIELDS)),
    )


def _parse_line(line: str, ids: Mapping[str, int]) -> tuple[int, list[float]]:
    fields = line.split()
    if len(fields) != 1 + len(FIELDS):
        raise DetectionsInvalid(
            "line",
            expected=f"image {' '.join(FIELDS)}",
            got=printable(repr(line), longest_chars=LONGEST_LINE),
            next_step="mend the line, or leave it out",
        )
    name, *texts = fields
    if name not in ids:
        stem = name.rpartition("/")[2].rpartition(".")[0]
        raise DetectionsInvalid(
            "image",
            expected=f"one of the {len(ids)} of the truth",
            got=printable(repr(name), longest_chars=LONGEST_LINE),
            next_step=f"write it as the split's list does: {stem}"
            if stem in ids
            else "score against the annotations that it was made for",
        )
    row = [
        _parse_number(field, text) for field, text in zip(FIELDS, texts, strict=True)
    ]
    for near, far, axis in ((row[1], row[3], "x"), (row[2], row[4], "y")):
        if far - near + 1 < 0:
            raise DetectionsInvalid(
                f"box, {axis}1 beyond {axis}2",
                expected=f"{axis}2 - {axis}1 + 1 of 0 or more",
                got=f"{axis}1 {near:g}, {axis}2 {far:g}",
                next_step="write corners, not sides",
            )
    return ids[name], row


def _parse_number(field: str, text: str) -> float:
    try:
        value = float(text) if "_" not in text else math.nan  # to Python, 1_0 is ten
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DetectionsInvalid(
            field,
            expected="a finite number",
            got=printable(repr(text), longest_chars=LONGEST_LINE),
            next_step="mend the line, or leave it out",
        )
    return value
