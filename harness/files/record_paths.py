"""Finds the files of a folder that hold records."""

from __future__ import annotations

import json
from pathlib import Path

#: A JSON file with none of these fields is no record, and no damaged one.
MARKS_OF_RECORD = ("format", "row_id", "verdict")
#: Of a file that is looked into; a record of that size is refused when it is read.
MOST_FOREIGN_BYTES = 4 * 1024 * 1024


def record_paths(folder: Path) -> list[Path]:
    """Return the files of a folder that hold records, sorted; none if it is missing.

    Other JSON of the user's, as ``notes.json``, may lie beside them.
    """
    return [one for one in sorted(folder.glob("*.json")) if not _is_foreign(one)]


def _is_foreign(path: Path) -> bool:
    """Whether a file is hidden, or whole JSON with nothing of a record in it."""
    if path.name.startswith("."):
        return True
    try:
        if path.stat().st_size > MOST_FOREIGN_BYTES:
            return False
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False  # told when it is read as a record
    return not isinstance(data, dict) or data.keys().isdisjoint(MARKS_OF_RECORD)
