"""Records and what else is asked of them in; what they fall short of out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.pipeline.gate.agreement import ON_PUBLISHED
from harness.pipeline.gate.finding import Finding, Note, Rule, refused
from harness.pipeline.gate.recheck_making import day_of
from harness.pipeline.gate.unpinned import require_pinned, unpinned
from harness.values.datasets import KnownDataset
from harness.values.records import Record
from harness.values.rows import Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What is asked of every measured record, beyond that it is true."""

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
    """Yield what measured records fall short of; one without a number is passed over.

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
            for told in unpinned(zoo, row, known_datasets.get(row.dataset)):
                yield require_pinned(row, told)
        yield from _check_device(row_id, record, demands.device)
        yield from _check_age(row_id, record, demands.max_age_days, today)


def notes_of(
    zoo: Zoo,
    records: Mapping[str, Record],
    known_datasets: Mapping[str, KnownDataset],
) -> Iterator[Note]:
    """Yield what nothing pins of the records that speak for a claim."""
    for row_id, record in sorted(records.items()):
        row = zoo.row(row_id)
        if record.verdict in ON_PUBLISHED:
            for told in unpinned(zoo, row, known_datasets.get(row.dataset)):
                yield Note(row_id=row_id, message=told)


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
