"""Finds the records of other precisions than float32; reads and writes speeds.

::

    <records>/precision/<word>/<row id>.json          as in the records folder itself
    <records>/precision/<word>/detections, truth      likewise
    <records>/precision/<word>/speed/<row id>.json    how fast the row's network is
"""

from __future__ import annotations

from pathlib import Path

from harness.files.atomic import write_text
from harness.files.own_folders import RECORDS, writing
from harness.files.record_files import read_kept
from harness.files.record_json import record_to_json
from harness.files.record_paths import record_paths
from harness.values.records import SpeedRecord

PRECISION, SPEED = "precision", "speed"
FLOAT32 = "float32"  # what published numbers were measured in


def precision_folder(folder: Path, precision: str) -> Path:
    """Return the folder of a precision's records: the folder itself for float32.

    Published numbers were measured in float32. Only the records in the folder itself
    are compared with them.
    """
    return folder if precision == FLOAT32 else folder / PRECISION / precision


def read_precisions(folder: Path) -> tuple[str, ...]:
    """Return the precisions, other than float32, that a folder has records of."""
    return tuple(
        sorted(one.name for one in (folder / PRECISION).glob("*") if one.is_dir())
    )


def write_speed(folder: Path, record: SpeedRecord) -> Path:
    """Write ``<folder>/speed/<row id>.json`` and return its path.

    Raises:
        UsageError: the folder cannot be written, or the disk is full.
    """
    path = folder / SPEED / f"{record.row_id}.json"
    with writing(folder, RECORDS):
        write_text(path, record_to_json(record))
    return path


def read_speeds(folder: Path) -> dict[str, SpeedRecord]:
    """Return the speeds of a folder of one precision, by row id; none if it has none.

    Raises:
        RecordInvalid: a file is malformed or named for another row.
    """
    paths = record_paths(folder / SPEED)
    return {path.stem: read_kept(path, SpeedRecord) for path in paths}
