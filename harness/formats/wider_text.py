"""WIDER FACE result folders: ``<event>/<image>.txt``, one file per image.

Line 1 names the image, line 2 says how many lines follow, then ``x y w h score`` each.
The official tool takes the image from the file's path, and so does this; line 1 must
name the same one. # zoo-spec 1.7
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import (
    DetectionsInvalid,
    located,
    refusing_unreadable,
)
from harness.files.atomic import write_text
from harness.formats.wider_folder import files_of_images
from harness.formats.wider_numbers import COLUMNS, parse_numbers
from harness.printable import printable
from harness.values.boxes import xyxy_to_xywh_inclusive
from harness.values.detections import Detections, Results
from harness.values.truth import FaceTruth

BOX_DECIMALS, SCORE_DECIMALS = 1, 3  # zoo-spec 1.7

#: What ``image.jpg`` on line 1 may end in; WIDER FACE itself has the first alone.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")

#: Lines before the first detection.
HEADER_LINES = 2

#: Rows that say "no detection": all zero, and the same after ``w = x2 - x1 + 1``.
NO_DETECTION = ((0, 0, 0, 0, 0), (0, 0, 1, 1, 0))  # zoo-spec 1.7

#: More digits than the number of lines of any file; Python reads no more than 4,300.
COUNT_DIGITS = 18

#: A line of a file is told up to here.
LONGEST_LINE = 80

AGAIN = "write it as the official tool reads it: name, count, then x y w h score"


def to_results(detections: Detections) -> Results:
    """Return detections as the official text files state them.

    Sides are inclusive (``w = x2 - x1 + 1``), in float64; boxes are rounded to a tenth
    and scores to a thousandth, as ``%.1f`` and ``%.3f`` do.  # zoo-spec 1.7
    """
    boxes_xywh = xyxy_to_xywh_inclusive(detections.boxes_xyxy.astype(np.float64))
    return Results(
        evaluated_ids=detections.evaluated_ids,
        image_ids=detections.image_ids,
        classes=np.zeros_like(detections.classes),  # the files state none
        scores=round_as_text(detections.scores.astype(np.float64), SCORE_DECIMALS),
        boxes=round_as_text(boxes_xywh, BOX_DECIMALS),
    )


def round_as_text(
    values: NDArray[np.floating[Any]], decimals: int
) -> NDArray[np.float64]:
    """Return the numbers that ``float(f"{value:.{decimals}f}")`` gives, at once."""
    unit = float(10**decimals)
    scaled = values.astype(np.float64) * unit
    whole = np.rint(scaled)
    # Text rounds the exact value; the product may have been rounded to a half, or off
    # it. Where a half is near, the text itself is asked.
    near_half = np.abs(np.abs(scaled - whole) - 0.5) <= 1e-6 * (1 + np.abs(scaled))
    rounded: NDArray[np.float64] = whole / unit
    unsure = near_half | (np.abs(scaled) > 2**50)
    rounded[unsure] = [float(f"{one:.{decimals}f}") for one in values[unsure].tolist()]
    return rounded


def read(
    folder: Path, truth: FaceTruth, *, passed_over: Collection[str] = ()
) -> Results:
    """Read the result folder of any tool.

    Every image needs its file: one without a detection has the count 0, or one row of
    zeros, as upstream wrote it. Numbers may have any precision.

    Args:
        folder: holds a folder per event. Files that do not end in ``.txt`` are passed
            over, and names that start with a dot.
        truth: lists the images.
        passed_over: names of further images, whose files may be there and do not count.

    Returns:
        Results in the order of the images and of their lines.

    Raises:
        DetectionsInvalid: naming the file and the line: a file of an image or event
            that the truth does not list, or whose first line names another image; a
            count that is not that of the lines; a line that is not five finite numbers,
            or has a negative side; images without a file; a file or folder that cannot
            be read.
    """
    with located(folder):
        names = files_of_images(folder, truth, passed_over)
        read_bodies = [_read_body(folder, name) for name in names]
        bodies = [body for body, _ in read_bodies]
        counts = np.array([lines for _, lines in read_bodies], np.int64)
        numbers = parse_numbers(b"".join(bodies))
        if numbers is None:
            numbers = np.concatenate(
                [
                    _read_lines(name, body)
                    for name, body in zip(names, bodies, strict=True)
                ]
            )
        _check_numbers(names, counts, numbers)
    is_found = np.ones(len(numbers), np.bool_)
    is_found[numbers[:, COLUMNS - 1] == 0] = [
        tuple(row) not in NO_DETECTION
        for row in numbers[numbers[:, COLUMNS - 1] == 0].tolist()
    ]
    image_ids = np.repeat(truth.image_ids, counts)
    if not is_found.all():
        numbers, image_ids = numbers[is_found], image_ids[is_found]
    return Results(
        evaluated_ids=truth.image_ids,
        image_ids=image_ids,
        classes=np.zeros(len(numbers), np.int32),
        scores=np.ascontiguousarray(numbers[:, COLUMNS - 1]),
        boxes=np.ascontiguousarray(numbers[:, : COLUMNS - 1]),
    )


def write(
    results: Results, truth: FaceTruth, folder: Path, *, published_format: bool = False
) -> None:
    """Write the folder that the official tool reads: a file for every evaluated image.

    Boxes have one decimal and scores three, as upstream wrote them. A line that this
    would change has as many digits as it needs to be read back unchanged.

    Args:
        results: ``xywh``.
        truth: names the images.
        folder: made when missing.
        published_format: round every number to those decimals.

    Raises:
        DetectionsInvalid: an evaluated image is not one of the truth's.
    """
    names = dict(zip(truth.image_ids.tolist(), truth.image_names.tolist(), strict=True))
    lines: dict[int, list[str]] = {one: [] for one in results.evaluated_ids.tolist()}
    for image_id in lines:
        if image_id not in names:
            raise DetectionsInvalid(
                f"image {image_id} was evaluated, and the truth does not list it"
            )
    is_short = np.ones(len(results.scores), np.bool_)
    if not published_format:
        is_short = round_as_text(results.scores, SCORE_DECIMALS) == results.scores
        rounded = round_as_text(results.boxes, BOX_DECIMALS)
        is_short &= (rounded == results.boxes).all(axis=1)
    for image_id, box, score, short in zip(
        results.image_ids.tolist(),
        results.boxes.tolist(),
        results.scores.tolist(),
        is_short.tolist(),
        strict=True,
    ):
        if short:
            x, y, wide, high = box
            line = f"{x:.1f} {y:.1f} {wide:.1f} {high:.1f} {score:.3f}\n"
        else:
            line = f"{' '.join(map(repr, box))} {score!r}\n"
        lines[image_id].append(line)
    for image_id, rows in lines.items():
        name = names[image_id]
        text = f"{name}.jpg\n{len(rows)}\n{''.join(rows)}"
        write_text(folder / f"{name}.txt", text)


def _read_body(folder: Path, name: str) -> tuple[bytes, int]:
    r"""Return the lines of detections, each ended by ``\n``, and how many they are."""
    with located(name), refusing_unreadable(DetectionsInvalid, AGAIN):
        content = (folder / name).read_bytes()
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    first, _, rest = content.partition(b"\n")
    count, _, body = rest.partition(b"\n")
    if not body.endswith(b"\n") or body.endswith(b"\n\n"):
        body = body.rstrip(b"\n") + b"\n" if body.strip(b"\n") else b""
    lines = body.count(b"\n")
    if not first.endswith(f"{name.removesuffix('.txt')}.jpg".encode()):
        if not content.strip():
            with located(name):
                raise DetectionsInvalid(
                    "an empty file",
                    expected="the image's name, then the count of its detections",
                    next_step="where nothing was found, write the name and 0",
                )
        _check_named(first.decode(errors="replace"), name)
    told = count.strip()
    if not (told.isdigit() and len(told) <= COUNT_DIGITS and int(told) == lines):
        with located(name):
            raise DetectionsInvalid(
                "line 2 is not the number of lines that follow",
                expected=lines,
                got=_quoted(told) if told else "nothing",
                next_step=AGAIN,
            )
    return body, lines


def _quoted(line: bytes) -> str:
    return printable(repr(line.decode(errors="replace")), longest_chars=LONGEST_LINE)


def _check_named(first_line: str, name: str) -> None:
    """Refuse a first line that names another image than the file, however written."""
    stem = name.rpartition("/")[2].removesuffix(".txt")
    given = first_line.strip().replace("\\", "/").rpartition("/")[2]
    if given in (stem, *(stem + suffix for suffix in IMAGE_SUFFIXES)):
        return
    with located(name):
        raise DetectionsInvalid(
            "line 1 names another image",
            expected=f"{stem}.jpg",
            got=printable(given, longest_chars=LONGEST_LINE) if given else "nothing",
            next_step=AGAIN,
        )


def _read_lines(name: str, body: bytes) -> NDArray[np.float64]:
    numbers = parse_numbers(body)
    if numbers is not None:
        return numbers
    rows = []
    for place, line in enumerate(body.splitlines()):
        try:
            row = [float(part) for part in line.split() if b"_" not in part]
        except ValueError:
            row = []
        if len(row) != COLUMNS:
            with located(name):
                raise DetectionsInvalid(
                    f"line {place + HEADER_LINES + 1}",
                    expected="x y w h score",
                    got=_quoted(line) if line.strip() else "nothing",
                    next_step=AGAIN,
                )
        rows.append(row)
    return np.array(rows, np.float64)


def _check_numbers(
    names: Sequence[str],
    counts: NDArray[np.int64],
    numbers: NDArray[np.float64],
) -> None:
    """Refuse numbers that are no boxes, naming the first."""
    for what, is_bad in (
        ("finite numbers", ~np.isfinite(numbers)),
        ("a width and a height of 0 or more", numbers[:, 2:4] < 0),
    ):
        if is_bad.any():
            row = int(np.flatnonzero(is_bad.any(axis=1))[0])
            ends = np.cumsum(counts)
            place = int(np.searchsorted(ends, row, side="right"))
            line = row - int(ends[place] - counts[place]) + HEADER_LINES + 1
            with located(names[place]):
                raise DetectionsInvalid(
                    f"line {line}",
                    expected=what,
                    got=numbers[row].tolist(),
                    next_step="mend the line, or leave it out and count one less",
                )
