"""Converts records to and from their canonical JSON.

The JSON of a row's record has one more field, ``digest``: a SHA-256 over the others. It
tells a record that was edited by hand, or cut, from one that was written. It proves no
more than that: whoever can write a record can write its digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import msgspec

from harness.errors import HarnessError, RecordInvalid
from harness.printable import printable, printable_json
from harness.values.records import (
    FIGURES_FORMAT,
    RECORD_FORMAT,
    Record,
    SpeedRecord,
    StructureRecord,
    without_empty,
)

Kept = TypeVar("Kept", Record, SpeedRecord, StructureRecord)

#: Field of the digest over all the others.
DIGEST = "digest"

#: What msgspec says of a value of another type.
_OTHER_TYPE = re.compile(r"Expected `(.+)`, got `(.+)`")
NEXT_STEP = "the record was edited or damaged: measure the row again"
_LONGEST_SHOWN = 200


def record_to_json(record: Record | SpeedRecord | StructureRecord) -> str:
    """Return the canonical JSON of a record: sorted keys, two spaces, final LF."""
    data = _plain(record)
    if isinstance(record, Record):
        data[DIGEST] = record_digest(record)
    return _canonical(data)


def record_digest(record: Record) -> str:
    """Return the digest over all that a record says."""
    return hashlib.sha256(_canonical(_plain(record)).encode("utf-8")).hexdigest()


def _plain(record: Record | SpeedRecord | StructureRecord) -> dict[str, Any]:
    """Return a record as plain data: what is written, and no more."""
    data = asdict(record)
    if data.get("environment") is not None:
        data["environment"] = without_empty(data["environment"])
    return data


def record_from_json(text: str) -> Record:
    """Read a record back.

    Raises:
        RecordInvalid: it is not JSON, or of another format version; a field is missing,
            unknown, there twice or of the wrong type; the digest is not that of the
            other fields.
    """
    return kept_from_json(text, Record)


def structure_from_json(text: str) -> StructureRecord:
    """Read a structure record back.

    Raises:
        RecordInvalid: as for a record. It has no digest: its figures can be computed
            again.
    """
    return kept_from_json(text, StructureRecord)


def kept_from_json(text: str, kind: type[Kept]) -> Kept:
    """Read a record of a kind back.

    Raises:
        RecordInvalid: as for :func:`record_from_json`.
    """
    try:
        return _kept(_parse(text), kind)
    except RecursionError as error:
        raise RecordInvalid(
            "not a record",
            expected="JSON",
            got="JSON that is nested too deeply",
            next_step=NEXT_STEP,
        ) from error


def _kept(data: Any, kind: type[Kept]) -> Kept:
    expected = RECORD_FORMAT if kind is Record else FIGURES_FORMAT
    got = data.get("format") if isinstance(data, dict) else None
    if got != expected or isinstance(got, bool):
        raise RecordInvalid(
            "record format",
            expected=expected,
            got=got,
            next_step="measure the row again with this version: what the store of "
            "detections holds is not computed again",
        )
    digest = data.pop(DIGEST, None) if kind is Record else None
    record = _convert(data, kind)
    _demand_fields(data, _plain(record))
    if isinstance(record, Record) and digest != record_digest(record):
        raise RecordInvalid(
            "the digest is not that of the record",
            expected=record_digest(record),
            got=printable(json.dumps(digest), longest_chars=_LONGEST_SHOWN),
            next_step=NEXT_STEP,
        )
    return record


def _canonical(data: Mapping[str, Any]) -> str:
    text = json.dumps(
        data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
    )
    return printable_json(text) + "\n"


def _parse(text: str) -> Any:
    try:
        data = json.loads(text, object_pairs_hook=_unique)
        # Half a surrogate pair is a string to JSON, and can be written nowhere;
        # NaN and Infinity are numbers to Python's JSON alone.
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except HarnessError:
        raise
    except ValueError as error:  # a number of 4301 digits is one too
        raise RecordInvalid("not JSON", got=error) from error
    return data


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise RecordInvalid(
                f"field {key}", expected="once", got="twice", next_step=NEXT_STEP
            )
        data[key] = value
    return data


def _convert(data: Any, kind: type[Kept]) -> Kept:
    """Build a record of plain JSON data."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        # "Expected `int`, got `str` - at `$.archive.size_bytes`"; no path for the whole
        told, _, path = str(error).rpartition(" - at ")
        said = told or path
        other = _OTHER_TYPE.fullmatch(said)
        raise RecordInvalid(
            f"field {path.strip('`').removeprefix('$.')}" if told else "the record",
            expected=other[1] if other else "what this version writes",
            got=other[2] if other else printable(said, longest_chars=_LONGEST_SHOWN),
            next_step=NEXT_STEP,
        ) from error


def _demand_fields(data: Any, kept: Any, place: str = "the record") -> None:
    """Refuse a field that msgspec filled in with its default, or passed over.

    Args:
        data: as it was read.
        kept: the same, as the record holds it.
        place: of both in the record.
    """
    if isinstance(kept, dict):
        missing, unknown = sorted(kept.keys() - data), sorted(data.keys() - kept)
        if missing or unknown:
            raise RecordInvalid(
                f"fields of {place}",
                expected=f"{', '.join(missing)} too" if missing else "no others",
                got=f"also {', '.join(unknown)}" if unknown else "none of them",
                next_step=NEXT_STEP,
            )
        for name, value in kept.items():
            _demand_fields(data[name], value, name)
    elif isinstance(kept, tuple):
        for number, value in enumerate(kept):
            _demand_fields(data[number], value, f"{place}[{number}]")
