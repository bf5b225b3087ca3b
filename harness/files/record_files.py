"""Reads and writes records, detections and ground truth in a records folder.

::

    <records>/<row id>.json               one record
    <records>/structure/<row id>.json     its figures that need no data
    <records>/precision/<word>/           the same of runs in another precision
    <records>/precision/<word>/speed/<row id>.json    and how fast its network is in it
    <records>/retrained/                  the same of networks that were trained again
    <records>/detections/<sha256>.npz     what it was scored from
    <records>/truth/<sha256>.npz          what it was scored against

The digests are of the values, not of the files, so a folder can be checked anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import HarnessError, RecordInvalid, located
from harness.files.array_kinds import check_kinds
from harness.files.atomic import replacing, write_text
from harness.files.own_folders import RECORDS, writing
from harness.files.record_json import (
    NEXT_STEP,
    Kept,
    kept_from_json,
    record_to_json,
)
from harness.files.record_paths import record_paths
from harness.values.detections import Detections, Results
from harness.values.records import Record, StructureRecord
from harness.values.truth import CocoTruth, FaceTruth, Truth, VocTruth

#: Largest record that is read: the longest real one has 30 kB.
MOST_RECORD_BYTES = 4 * 1024 * 1024
#: Most that the arrays of one file may unfold to; 3226 images of 750 faces take 68 MB.
MOST_ARRAY_BYTES = 1024 * 1024 * 1024

#: Folder of the structure records in a records folder.
STRUCTURE = "structure"


def write_structure(folder: Path, record: StructureRecord) -> Path:
    """Write ``<folder>/structure/<row id>.json`` and return its path.

    Raises:
        UsageError: the folder cannot be written, or the disk is full.
    """
    path = folder / STRUCTURE / f"{record.row_id}.json"
    with writing(folder, RECORDS):
        write_text(path, record_to_json(record))
    return path


def read_structures(folder: Path) -> dict[str, StructureRecord]:
    """Return the structure records of a folder, by row id; none if it has none.

    Raises:
        RecordInvalid: a file is malformed or named for another row.
    """
    paths = record_paths(folder / STRUCTURE)
    return {path.stem: read_kept(path, StructureRecord) for path in paths}


def write_record(folder: Path, record: Record) -> Path:
    """Write ``<folder>/<row id>.json`` and return its path.

    Raises:
        UsageError: the folder cannot be written, or the disk is full.
    """
    path = folder / f"{record.row_id}.json"
    with writing(folder, RECORDS):
        write_text(path, record_to_json(record))
    return path


def read_records(folder: Path) -> dict[str, Record]:
    """Read every record of a folder, by row id; a missing folder holds none.

    Raises:
        RecordInvalid: a file is malformed or named for another row.
    """
    return {path.stem: read_record(path) for path in record_paths(folder)}


def read_record(path: Path) -> Record:
    """Read one record.

    Raises:
        RecordInvalid: it is malformed or named for another row.
    """
    return read_kept(path, Record)


def read_kept(path: Path, kind: type[Kept]) -> Kept:
    """Read a record of a kind.

    Raises:
        RecordInvalid: it is malformed or named for another row.
    """
    with located(path):
        record = kept_from_json(_read_text(path), kind)
        if record.row_id != path.stem:
            raise RecordInvalid(
                "row_id",
                expected=path.stem,
                got=record.row_id,
                next_step="name the file for its row",
            )
    return record


def _read_text(path: Path) -> str:
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MOST_RECORD_BYTES:
            raise RecordInvalid(
                "size of a record",
                expected=f"at most {MOST_RECORD_BYTES} bytes",
                got=size_bytes,
                next_step=NEXT_STEP,
            )
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecordInvalid("not UTF-8 text", got=error, next_step=NEXT_STEP) from error
    except OSError as error:
        raise RecordInvalid(
            "not a file that can be read", got=error.strerror or str(error)
        ) from error


def write_detections(folder: Path, detections: Detections | Results) -> str:
    """Write detections under their digest; return their path relative to ``folder``."""
    return _write_arrays(folder, "detections", detections)


def read_detections(folder: Path, name: str) -> Detections | Results:
    """Read detections, and check their digest against the file's name.

    Raises:
        RecordInvalid: the file is missing or malformed, or its values were altered.
    """
    detections: Detections | Results = _read_arrays(folder, name, (Detections, Results))
    return detections


def write_truth(folder: Path, truth: Truth) -> str:
    """Write ground truth under its digest; return its path relative to ``folder``."""
    return _write_arrays(folder, "truth", truth)


def read_truth(folder: Path, name: str) -> Truth:
    """Read ground truth, and check its digest against the file's name.

    Raises:
        RecordInvalid: the file is missing or malformed, or its values were altered.
    """
    truth: Truth = _read_arrays(folder, name, (CocoTruth, VocTruth, FaceTruth))
    return truth


def _write_arrays(folder: Path, kind: str, value: Detections | Results | Truth) -> str:
    name = f"{kind}/{value.sha256()}.npz"
    path = folder / name
    if not path.exists():  # named by content: there already means right already
        # Others' float64 shrink by a quarter, for twice the time of scoring them.
        save = np.savez if isinstance(value, Results) else np.savez_compressed
        with (
            writing(folder, RECORDS),
            replacing(path) as beside,
            beside.open("wb") as file,
        ):
            save(file, **value.arrays())
    return name


def _read_arrays(folder: Path, name: str, kinds: Sequence[type[Any]]) -> Any:
    """Read the one of several kinds whose arrays the file has."""
    path = folder / name
    with located(path):
        if not path.is_relative_to(folder) or ".." in Path(name).parts:
            raise RecordInvalid("path leaves the records folder", got=name)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                _check_size(arrays)
                value = _kind_of(arrays, kinds)(**dict(arrays))
                check_kinds(value)
        except FileNotFoundError as error:
            raise RecordInvalid(
                "no such file", next_step="copy the records folder whole"
            ) from error
        except HarnessError:
            raise
        except Exception as error:  # whatever zip, zlib or numpy make of other bytes
            raise RecordInvalid("not the arrays of a record", got=str(error)) from error
        digest = value.sha256()
        if digest != path.stem:
            raise RecordInvalid(
                "the values were altered", expected=f"sha256 {path.stem}", got=digest
            )
    return value


def _check_size(arrays: Any) -> None:
    size_bytes = sum(one.file_size for one in arrays.zip.infolist())
    if size_bytes > MOST_ARRAY_BYTES:
        raise RecordInvalid(
            "size of the arrays, unfolded",
            expected=f"at most {MOST_ARRAY_BYTES} bytes",
            got=size_bytes,
        )


def _kind_of(names: Iterable[str], kinds: Sequence[type[Any]]) -> type[Any]:
    for kind in kinds:
        if {one.name for one in fields(kind)} == set(names):
            return kind
    raise ValueError(f"arrays {', '.join(sorted(names)) or 'none'}")
