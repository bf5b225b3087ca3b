"""Records, detections and truth to and from a records folder.

::

    <records>/<row id>.json               one record
    <records>/structure/<row id>.json     its figures that need no data
    <records>/precision/<word>/           the same of runs in another precision
    <records>/precision/<word>/speed/<row id>.json    and how fast its network is in it
    <records>/detections/<sha256>.npz     what it was scored from
    <records>/truth/<sha256>.npz          what it was scored against

The digests are of the values, not of the files, so a folder can be checked anywhere.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from harness.atomic import replacing, write_text
from harness.detections import Detections, Results
from harness.errors import RecordInvalid, located
from harness.own_folders import RECORDS, writing
from harness.printable import printable_json
from harness.records import RECORD_FORMAT, Record, SpeedRecord, StructureRecord
from harness.truth import CocoTruth, FaceTruth, Truth, VocTruth

Kept = TypeVar("Kept", Record, SpeedRecord, StructureRecord)

#: Folder of the structure records in a records folder.
STRUCTURE = "structure"


def record_to_json(record: Record | SpeedRecord | StructureRecord) -> str:
    """Return the canonical JSON of a record: sorted keys, two spaces, final LF."""
    text = json.dumps(
        asdict(record),
        indent=2,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
    )
    return printable_json(text) + "\n"


def record_from_json(text: str) -> Record:
    """Read a record back.

    Raises:
        RecordInvalid: not JSON, another format version, a field missing, unknown or of
            the wrong type.
    """
    return _from_json(text, Record)


def structure_from_json(text: str) -> StructureRecord:
    """Read a structure record back.

    Raises:
        RecordInvalid: as for a record.
    """
    return _from_json(text, StructureRecord)


def _from_json(text: str, kind: type[Kept]) -> Kept:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise RecordInvalid("not JSON", got=str(error)) from error
    got = data.get("format") if isinstance(data, dict) else None
    if got != RECORD_FORMAT:
        raise RecordInvalid(
            "record format",
            expected=RECORD_FORMAT,
            got=got,
            next_step="measure the row again with this version",
        )
    record = _revive(kind, data)
    assert isinstance(record, kind)
    return record


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


def record_paths(folder: Path) -> list[Path]:
    """Return the files of a folder that hold records, sorted; none if it is missing."""
    return sorted(folder.glob("[!.]*.json"))  # macOS adds ``._x.json``


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
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise RecordInvalid("not UTF-8 text", got=str(error)) from error
        record = _from_json(text, kind)
        if record.row_id != path.stem:
            raise RecordInvalid("row_id", expected=path.stem, got=record.row_id)
    return record


def write_detections(folder: Path, detections: Detections | Results) -> str:
    """Write detections under their digest; return the path relative to ``folder``."""
    return _write_arrays(folder, "detections", detections)


def read_detections(folder: Path, name: str) -> Detections | Results:
    """Read detections and check that they are those of their file name.

    Raises:
        RecordInvalid: the file is missing or malformed, or its values were altered.
    """
    found: Detections | Results = _read_arrays(folder, name, (Detections, Results))
    return found


def write_truth(folder: Path, truth: Truth) -> str:
    """Write truth under its digest; return the path relative to ``folder``."""
    return _write_arrays(folder, "truth", truth)


def read_truth(folder: Path, name: str) -> Truth:
    """Read truth and check that it is that of its file name.

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
                value = _kind_of(arrays, kinds)(**dict(arrays))
        except FileNotFoundError as error:
            raise RecordInvalid(
                "no such file", next_step="copy the records folder whole"
            ) from error
        except Exception as error:  # whatever zip, zlib or numpy make of other bytes
            raise RecordInvalid("not the arrays of a record", got=str(error)) from error
        digest = value.sha256()
        if digest != path.stem:
            raise RecordInvalid(
                "the values were altered", expected=f"sha256 {path.stem}", got=digest
            )
    return value


def _kind_of(names: Iterable[str], kinds: Sequence[type[Any]]) -> type[Any]:
    for kind in kinds:
        if {one.name for one in fields(kind)} == set(names):
            return kind
    raise ValueError(f"arrays {', '.join(sorted(names)) or 'none'}")


def _revive(kind: Any, data: Any) -> Any:
    """Build a value of the annotated type from plain JSON data."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if data is None and type(None) in arguments:
            return None
        (kind,) = (one for one in arguments if one is not type(None))
        return _revive(kind, data)
    if is_dataclass(kind):
        return _revive_dataclass(kind, data)
    if origin is tuple:
        _demand(data, list)
        return tuple(_revive(arguments[0], one) for one in data)
    if origin is Mapping:
        _demand(data, dict)
        return {key: _revive(arguments[1], one) for key, one in data.items()}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(data)
        except ValueError as error:
            raise RecordInvalid(
                "unknown word", expected=" | ".join(kind), got=repr(data)
            ) from error
    if kind is float:
        return _revive_number(data)
    _demand(data, kind)
    return data


def _revive_number(data: Any) -> float:
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        raise RecordInvalid("type", expected="number", got=repr(data))
    if not math.isfinite(data):  # Python's JSON has NaN and Infinity
        raise RecordInvalid("number", expected="a finite one", got=data)
    return float(data)


def _revive_dataclass(kind: Any, data: Any) -> Any:
    _demand(data, dict)
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(data) - set(hints))
    missing = sorted(set(hints) - set(data))
    if unknown or missing:
        raise RecordInvalid(
            f"fields of {kind.__name__}",
            expected=f"{', '.join(missing)} too" if missing else "no others",
            got=f"also {', '.join(unknown)}" if unknown else "none of them",
        )
    values = {}
    for name, hint in hints.items():
        with located(name):
            values[name] = _revive(hint, data[name])
    return kind(**values)


def _demand(data: Any, kind: type) -> None:
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise RecordInvalid("type", expected=kind.__name__, got=repr(data))
