"""Replaces the paths of this machine in a record's texts by names.

A record is shown to everybody, and must not tell where its user keeps files:
``/home/maria/data/coco/val2017/1.jpg`` becomes ``<data root>/coco/val2017/1.jpg``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

from harness.pipeline.measure.settings import Settings
from harness.values.records import Record, SpeedRecord, StructureRecord

#: Path -> what is told in its place.
Places: TypeAlias = Mapping[str, str]

Told = TypeVar("Told", Record, SpeedRecord, StructureRecord)

HOME = "~"

#: Stands before a path that begins there, and is not the middle of another or of a URL.
_START = r"(?<![\w./~>-])(?:file://)?"
#: Homes of other people: a store may be shared, and what a run kept may be replayed.
_OTHER_HOME = re.compile(_START + r"/(?:home|Users)/[^/\s:;,'\"]+")


def places_of(settings: Settings, *, home: Path | None = None) -> Places:
    """Return the folders of a run by path, as given and as they really lie.

    Args:
        settings: say where data, cache, records and a local mirror are.
        home: the user's; asked of the system when not given.
    """
    mirror = settings.mirror
    is_folder = mirror is not None and "://" not in mirror
    named = {
        "<data root>": settings.data_root,
        "<cache>": settings.cache,
        "<records>": settings.records,
        "<mirror>": Path(str(mirror)).expanduser().absolute() if is_folder else None,
        HOME: home or Path.home(),
    }
    places: dict[str, str] = {}
    for told, path in named.items():
        if path is not None and len(path.parts) > 1:  # "/" stands in every path
            for one in (str(path), os.path.realpath(path)):
                places.setdefault(one, told)
    return places


def tell(text: str, places: Places) -> str:
    """Return a text with a name in the place of each known path; pure.

    The longest path wins, and what only begins with the same letters stays: with
    ``/data`` known, ``/data-2`` and ``/mnt/data`` are told as they are.
    """
    known = {form: told for path, told in places.items() for form in _forms(path)}
    if known:
        longest_first = sorted(known, key=len, reverse=True)
        paths = "|".join(re.escape(one) for one in longest_first)
        text = re.sub(
            rf"{_START}({paths})(?![\w-]|\.\w)", lambda one: known[one[1]], text
        )
    return _OTHER_HOME.sub(HOME, text)


def _forms(path: str) -> tuple[str, ...]:
    return (path, quote(path))  # the second as in an address


def told_record(record: Told, places: Places) -> Told:
    """Return a record whose every text is told so; pure."""
    told: Told = _told(record, places)
    return told


def _told(value: Any, places: Places) -> Any:
    if type(value) is str:  # and no word of an enumeration
        return tell(value, places)
    if isinstance(value, tuple):
        return tuple(_told(one, places) for one in value)
    if isinstance(value, Mapping):
        return {key: _told(one, places) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {
            one.name: _told(getattr(value, one.name), places) for one in fields(value)
        }
        return replace(value, **parts)
    return value
