"""Reads and writes who accepted which record and why; holds records to that list.

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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from harness.errors import HarnessError, ZooDataError, located
from harness.files.atomic import write_text
from harness.files.record_json import record_to_json
from harness.pipeline.gate.finding import Finding, Rule, refused
from harness.registry.block import Block, read_toml
from harness.values.records import Record

ACCEPTED_FILE = "accepted.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedEntry:
    """Who accepted one record, and why."""

    row_id: str
    reason: str  # may be empty in a list of others: the gate refuses it
    by: str | None  # None in lists of older versions
    sha256: str  # of the record's canonical JSON
    left_out: tuple[str, ...]  # files too large to commit, relative to the folder


def read_accepted(folder: Path) -> dict[str, AcceptedEntry]:
    """Return the entries of the list in a folder, by row id; none without a list.

    Raises:
        ZooDataError: it is malformed, or empty.
    """
    path = folder / ACCEPTED_FILE
    if not path.exists():
        return {}
    with located(folder):
        document = Block(read_toml(path))
        with located(path.name):
            blocks = document.tables("accepted")
            document.finish()
            if not blocks:
                raise ZooDataError(
                    "no accepted record", expected="blocks `[[accepted]]`", got="none"
                )
            entries = [
                _parse_entry(number, values)
                for number, values in enumerate(blocks, start=1)
            ]
    return {entry.row_id: entry for entry in entries}


def _parse_entry(number: int, values: Mapping[str, object]) -> AcceptedEntry:
    with located(f"accepted {number} ({values.get('row', 'no row')})"):
        block = Block(values)
        entry = AcceptedEntry(
            row_id=block.text("row"),
            reason=block.text("reason", ""),
            by=block.optional_text("by"),
            sha256=block.sha256("sha256"),
            left_out=block.optional_texts("left_out") or (),
        )
        block.finish()
    return entry


def write_accepted(folder: Path, entries: Iterable[AcceptedEntry]) -> None:
    """Write the list of a folder, sorted by row id."""
    listed = [
        {
            "row": entry.row_id,
            "reason": entry.reason,
            **({} if entry.by is None else {"by": entry.by}),
            "sha256": entry.sha256,
            "left_out": list(entry.left_out),
        }
        for entry in sorted(entries, key=lambda entry: entry.row_id)
    ]
    write_text(folder / ACCEPTED_FILE, tomli_w.dumps({"accepted": listed}))


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
        elif not entry.reason.strip():
            yield _refused(row_id, "accepted for no reason", "why", "nothing")
        elif entry.sha256 != file_sha256(record):
            yield _refused(
                row_id,
                "the record is not the one that was accepted",
                entry.sha256,
                file_sha256(record),
            )


_NEXT = "accept it with `zoo accept`"


def _refused(row_id: str, what: str, expected: object, got: object) -> Finding:
    return refused(
        Rule.ACCEPTED, row_id, what, expected=expected, got=got, next_step=_NEXT
    )
