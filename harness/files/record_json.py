"""Records to and from their canonical JSON.

A row's record has one more field there, ``digest``, a SHA-256 over all the others: a
record that was edited by hand, or cut, is told from one that was written.
Whoever can write the record can write its digest too, so it proves no more than that.
"""

from __future__ import annotations

import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar

from harness.errors import HarnessError, RecordInvalid, located
from harness.printable import printable_json
from harness.values.records import (
    FIGURES_FORMAT,
    RECORD_FORMAT,
    Record,
    SpeedRecord,
    StructureRecord,
)

Kept = TypeVar("Kept", Record, SpeedRecord, StructureRecord)

#: Field of the digest over all the others.
DIGEST = "digest"


def record_to_json(record: Record | SpeedRecord | StructureRecord) -> str:
    """Return the canonical JSON of a record: sorted keys, two spaces, final LF."""
    data = asdict(record)
    if isinstance(record, Record):
        data[DIGEST] = record_digest(record)
    return _canonical(data)


def record_digest(record: Record) -> str:
    """Return the digest over all that a record says."""
    return hashlib.sha256(_canonical(asdict(record)).encode("utf-8")).hexdigest()


def record_from_json(text: str) -> Record:
    """Read a record back.

    Raises:
        RecordInvalid: not JSON, another format version, a field missing, unknown, twice
            there or of the wrong type, or a digest that is not that of the others.
    """
    return kept_from_json(text, Record)


def structure_from_json(text: str) -> StructureRecord:
    """Read a structure record back.

    Raises:
        RecordInvalid: as for a record; it has no digest, for it is computed again.
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
            "not a record", expected="JSON", got="JSON that is nested too deeply"
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
    record = _revive(kind, data)
    assert isinstance(record, kind)
    if isinstance(record, Record) and digest != record_digest(record):
        raise RecordInvalid(
            "the digest is not that of the record",
            expected=record_digest(record),
            got=_shown(digest),
            next_step="the record was edited: measure the row again",
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
        # Half a surrogate pair is a string to JSON, and can be written nowhere.
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    except HarnessError:
        raise
    except ValueError as error:  # a number of 4301 digits is one too
        raise RecordInvalid("not JSON", got=str(error)) from error
    return data


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RecordInvalid(f"field {key}", expected="once", got="twice")
        found[key] = value
    return found


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
        return tuple(
            _revive_at(_place_name(place, one), arguments[0], one)
            for place, one in enumerate(data)
        )
    if origin is Mapping:
        _demand(data, dict)
        return {key: _revive_at(key, arguments[1], one) for key, one in data.items()}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(data)
        except ValueError as error:
            raise RecordInvalid(
                "unknown word", expected=" | ".join(kind), got=_shown(data)
            ) from error
    if kind is float:
        return _revive_number(data)
    _demand(data, kind)
    return data


def _revive_at(where: str, kind: Any, data: Any) -> Any:
    with located(where):
        return _revive(kind, data)


def _place_name(place: int, data: Any) -> str:
    """Return what to call an entry of a list: by its metric, where it is of one."""
    metric = data.get("metric") if isinstance(data, dict) else None
    return metric if isinstance(metric, str) else str(place)


def _revive_number(data: Any) -> float:
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        raise RecordInvalid("type", expected="number", got=_shown(data))
    try:
        number = float(data)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):  # Python's JSON has NaN and Infinity
        raise RecordInvalid("number", expected="a finite one", got=number)
    return number


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
    return kind(
        **{name: _revive_at(name, hint, data[name]) for name, hint in hints.items()}
    )


def _demand(data: Any, kind: type) -> None:
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise RecordInvalid("type", expected=kind.__name__, got=_shown(data))


def _shown(data: Any) -> str:
    """Return data as a message shows it: JSON's null by its own word, and cut."""
    text = "null" if data is None else repr(data)
    return text if len(text) <= 200 else f"{text[:200]}..."
