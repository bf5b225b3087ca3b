"""Asks of measured records what the gate does not ask of all: pins, device, age.

What is pinned nowhere is believed as the record states it, and noted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.pipeline.gate.agreement import ON_PUBLISHED
from harness.pipeline.gate.finding import Finding, Note, Rule, refused
from harness.pipeline.gate.recheck_making import day_of
from harness.values.datasets import KnownDataset
from harness.values.records import Record
from harness.values.rows import Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a user asks of every measured record, besides the rules of the gate."""

    pinned: bool = False  # its archive, dataset and truth are pinned
    device: str | None = None  # "cpu" | "gpu": what computed it
    max_age_days: int | None = None  # how long ago it may have been made


def check_demands(
    zoo: Zoo,
    records: Mapping[str, Record],
    known_datasets: Mapping[str, KnownDataset],
    demands: Demands,
    today: dt.date,
) -> Iterator[Finding]:
    """Yield the demands that measured records do not meet; others are passed over.

    Args:
        zoo: the edition.
        records: of its rows, by row id.
        known_datasets: dataset -> what is known of the published one.
        demands: what is asked.
        today: the day that ages are counted to.
    """
    for row_id, record in sorted(records.items()):
        if not record.measurements:
            continue
        row = zoo.row(row_id)
        if demands.pinned:
            for told in _unpinned(zoo, row, known_datasets.get(row.dataset)):
                yield _require_pinned(row, told)
        yield from _check_device(row_id, record, demands.device)
        yield from _check_age(row_id, record, demands.max_age_days, today)


def notes_of(
    zoo: Zoo,
    records: Mapping[str, Record],
    known_datasets: Mapping[str, KnownDataset],
) -> Iterator[Note]:
    """Yield a note for each unpinned digest of a record that speaks for a claim."""
    for row_id, record in sorted(records.items()):
        row = zoo.row(row_id)
        if record.verdict in ON_PUBLISHED:
            for told in _unpinned(zoo, row, known_datasets.get(row.dataset)):
                yield Note(row_id=row_id, message=told)


def _unpinned(zoo: Zoo, row: Row, known: KnownDataset | None) -> tuple[str, ...]:
    """Return a sentence for each digest of a measured row that nothing pins."""
    known = known or KnownDataset()
    pins = {
        "archive not pinned": zoo.archives[row.archive].sha256,
        f"fingerprint of {row.dataset} not pinned": known.fingerprint,
        f"truth of {row.dataset} not pinned": known.truth_sha256,
    }
    return tuple(told for told, pin in pins.items() if pin is None)


def _require_pinned(row: Row, told: str) -> Finding:
    """Return the finding that a digest is not pinned where pins are asked for."""
    return refused(
        Rule.PINNED,
        row.row_id,
        told,
        expected="a pin, for --require-pinned",
        got="none",
        next_step="`zoo fetch --pin` pins archives, `zoo data pin` a dataset",
    )


def _check_device(row_id: str, record: Record, device: str | None) -> Iterator[Finding]:
    got = record.environment.device if record.environment else "null"
    if device is not None and got != device:
        yield refused(
            Rule.DEVICE,
            row_id,
            "device that computed it",
            expected=f"{device}, for --require-device",
            got=got,
            next_step="measure the row on that device",
        )


def _check_age(
    row_id: str, record: Record, max_age_days: int | None, today: dt.date
) -> Iterator[Finding]:
    if max_age_days is None or record.made is None:
        return
    day = day_of(record.made.date)
    if day is not None and (today - day).days > max_age_days:
        yield refused(
            Rule.AGE,
            row_id,
            "the day it was made on",
            expected=f"at most {max_age_days} days before {today}, for --max-age",
            got=f"{record.made.date}, {(today - day).days} days",
        )
