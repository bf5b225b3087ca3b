"""Writes the pages of a zoo from records, or compares the pages that are there."""

from __future__ import annotations

import difflib
from pathlib import Path

from harness.errors import located
from harness.files.atomic import write_text
from harness.files.precision_files import precision_folder, read_precisions, read_speeds
from harness.files.record_files import read_records, read_structures
from harness.files.retrained_files import retrained_folder
from harness.report.deployment import PrecisionRecords
from harness.report.pages import Values, render_pages
from harness.values.rows import Zoo


def write_pages(
    zoo: Zoo, records_folder: Path, output: Path, values: Values
) -> tuple[Path, ...]:
    """Write the pages of a zoo into ``output`` and return their paths.

    Raises:
        RecordInvalid: a record is malformed, or not of this zoo's rows.
    """
    written = []
    for name, text in _render(zoo, records_folder, values).items():
        write_text(output / name, text)
        written.append(output / name)
    return tuple(written)


def check_pages(zoo: Zoo, records_folder: Path, output: Path, values: Values) -> str:
    """Return how the pages in ``output`` differ from what would be written.

    Byte for byte: the empty text means that they are current; otherwise it is a unified
    diff from what is there to what should be. Nothing is written.

    Raises:
        RecordInvalid: a record is malformed, or not of this zoo's rows.
    """
    return "".join(
        _difference(output / name, text)
        for name, text in _render(zoo, records_folder, values).items()
    )


def _render(zoo: Zoo, records_folder: Path, values: Values) -> dict[str, str]:
    records, structures = read_records(records_folder), read_structures(records_folder)
    precisions = read_precision_records(records_folder)
    trained = read_records(retrained_folder(records_folder))
    with located(records_folder):
        return render_pages(
            zoo, records, values, structures, precisions, trained=trained
        )


def read_precision_records(records_folder: Path) -> tuple[PrecisionRecords, ...]:
    """Return what a folder holds of other precisions than float32.

    Raises:
        RecordInvalid: a record is malformed.
    """
    return tuple(
        PrecisionRecords(
            precision=one,
            records=read_records(precision_folder(records_folder, one)),
            speeds=read_speeds(precision_folder(records_folder, one)),
        )
        for one in read_precisions(records_folder)
    )


def _difference(path: Path, expected: str) -> str:
    content = path.read_bytes() if path.is_file() else None
    if content == expected.encode("utf-8"):
        return ""
    before = "" if content is None else content.decode("utf-8", "backslashreplace")
    lines = difflib.unified_diff(
        _visible_lines(before),
        _visible_lines(expected),
        fromfile="/dev/null" if content is None else f"{path.name} (as it is)",
        tofile=f"{path.name} (as it should be)",
    )
    return "".join(lines)


def _visible_lines(text: str) -> list[str]:
    """Split at LF alone; other line ends, and a missing last one, are shown."""
    lines = text.replace("\r", "\\r").split("\n")
    last = lines.pop()
    shown = [f"{line}\n" for line in lines]
    return [*shown, f"{last} (no newline at end)\n"] if last else shown
