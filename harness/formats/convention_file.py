"""Reads and writes ``convention.json``: how a folder of results is to be scored.

The files of VOC are the same by every convention, so they cannot say it themselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import DetectionsInvalid, located, refusing_unreadable
from harness.files.atomic import write_text
from harness.printable import printable

CONVENTION_FILE = "convention.json"

_FORM = '{"convention": "devkit"}, and "classes": [names] where not all count'
_NEXT_STEP = "mend the file, or remove it and give --convention"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedConvention:
    """What the file says; whether there is such a convention, the metric knows."""

    word: str
    classes: tuple[str, ...] | None = None  # that the mean is of; None: all


def read_convention(folder: Path) -> StatedConvention | None:
    """Return what a folder says of itself; None where it has no such file.

    Raises:
        DetectionsInvalid: the file is there and cannot be read, or is malformed.
    """
    path = folder / CONVENTION_FILE
    with located(path):
        with refusing_unreadable(DetectionsInvalid, _NEXT_STEP):
            if not path.exists() and not path.is_symlink():
                return None
            content = path.read_bytes()
        try:
            data = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise _malformed(error) from error
        if not isinstance(data, dict) or not isinstance(data.get("convention"), str):
            raise _malformed(printable(json.dumps(data), longest_chars=80))
        return StatedConvention(
            word=data["convention"], classes=_names(data.get("classes"))
        )


def write_convention(folder: Path, stated: StatedConvention) -> None:
    """Write the file into a folder."""
    data: dict[str, Any] = {"convention": stated.word}
    if stated.classes is not None:
        data["classes"] = list(stated.classes)
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    write_text(folder / CONVENTION_FILE, text + "\n")


def _names(classes: Any) -> tuple[str, ...] | None:
    if classes is None:
        return None
    if (
        not isinstance(classes, list)
        or not classes
        or not all(isinstance(one, str) for one in classes)
    ):
        raise _malformed(f"classes {printable(json.dumps(classes), longest_chars=80)}")
    return tuple(classes)


def _malformed(got: object) -> DetectionsInvalid:
    return DetectionsInvalid(
        "not a convention", expected=_FORM, got=got, next_step=_NEXT_STEP
    )
