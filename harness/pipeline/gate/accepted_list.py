"""Reads who accepted which record and why, and holds the records to that list.

::

    [[accepted]]
    row = "<row id>"
    reason = "..."
    by = "..."            # who; left out by older versions
    sha256 = "..."        # of the record's canonical JSON
    left_out = []         # arrays too large to commit
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import HarnessError, located
from harness.files.record_json import record_to_json
from harness.pipeline.gate.finding import Finding, Rule, refused
from harness.values.records import Record

ACCEPTED_FILE = "accepted.toml"


def read_accepted(folder: Path) -> dict[str, dict[str, object]]:
    """Return the entries of the list in a folder, by row id; none without a list.

    Raises:
        HarnessError: it is malformed.
    """
    path = folder / ACCEPTED_FILE
    if not path.exists():
        return {}
    with located(path):
        try:
            listed = tomllib.loads(path.read_text(encoding="utf-8"))["accepted"]
            return {one["row"]: one for one in listed}
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise HarnessError(
                "not a list of accepted records",
                expected="[[accepted]] with row, reason, by, sha256",
                got=str(error),
            ) from error


def file_sha256(record: Record) -> str:
    """Return the digest of a record's file, as the list has it."""
    return hashlib.sha256(record_to_json(record).encode("utf-8")).hexdigest()


def check_accepted(folder: Path, records: Mapping[str, Record]) -> Iterator[Finding]:
    """Yield accepted records that are not listed, or not with this reason and digest.

    A folder without a list holds measured records, and is not asked for one.

    Args:
        folder: of records.
        records: those that could be read there, by row id.
    """
    try:
        entries = read_accepted(folder)
    except HarnessError as error:
        yield refused(Rule.ACCEPTED, ACCEPTED_FILE, str(error), next_step=_NEXT)
        return
    if not entries:
        return
    for row_id, record in sorted(records.items()):
        entry = entries.get(row_id)
        if entry is None:
            yield _refused(row_id, f"not in {ACCEPTED_FILE}", "an entry", "none")
        elif not str(entry.get("reason", "")).strip():
            yield _refused(row_id, "accepted for no reason", "why", "nothing")
        elif entry.get("sha256") != file_sha256(record):
            yield _refused(
                row_id,
                "the record is not the one that was accepted",
                entry.get("sha256"),
                file_sha256(record),
            )


_NEXT = "accept it with `zoo accept`"


def _refused(row_id: str, what: str, expected: object, got: object) -> Finding:
    return refused(
        Rule.ACCEPTED, row_id, what, expected=expected, got=got, next_step=_NEXT
    )
