"""Ends the case of a row as its record says, and carries the record in the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from harness.files.record_json import record_from_json, record_to_json
from harness.values.records import INCOMPLETE, PASSING, Judgement, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of records that cases have; those of one row are never mixed."""

    #: Attribute of a report, which pytest-xdist hands over from its workers.
    attribute: str
    claim: str  # what a JUnit file calls the number that the row is held to
    #: The record of a case, until its report carries it.
    key: pytest.StashKey[str] = field(default_factory=pytest.StashKey)


PUBLISHED = Kind(attribute="zoo_record", claim="published")
#: Held to the mean of several seeds, where there are any.
RETRAINED = Kind(attribute="zoo_retrained", claim="claimed")


def keep_record(item: pytest.Item, record: Record, kind: Kind = PUBLISHED) -> None:
    """Keep a record for the end of the run, and name its numbers for a JUnit file."""
    item.stash[kind.key] = record_to_json(record)
    item.user_properties += properties_of(record, claim=kind.claim)


def end_case(record: Record, *, require_measured: bool) -> None:
    """Pass, fail or skip, as design 3 maps verdicts to outcomes."""
    if record.verdict in PASSING:
        return
    reason = f"{record.verdict}: {record.reason}".removesuffix(": ")
    if record.verdict in INCOMPLETE and not require_measured:
        pytest.skip(reason)
    pytest.fail(reason, pytrace=False)


def hand_over(item: pytest.Item, report: pytest.TestReport) -> None:
    """Give a report the record of its case."""
    for kind in (PUBLISHED, RETRAINED):
        if report.when == "call" and kind.key in item.stash:
            setattr(report, kind.attribute, item.stash[kind.key])


def records_of(reports: Iterable[object], kind: Kind = PUBLISHED) -> dict[str, Record]:
    """Return the records of a kind that the reports carry, by row id."""
    records = {}
    for report in reports:
        text = getattr(report, kind.attribute, None)
        if text is not None:
            record = record_from_json(str(text))
            records[record.row_id] = record
    return records


def properties_of(
    record: Record, *, claim: str = PUBLISHED.claim
) -> list[tuple[str, object]]:
    """Return the properties of a case in a JUnit file: a name for each number.

    ``published``, or ``easy_published`` where a row has several metrics. The names of a
    run that follows an erratum begin with its id: ``E1_published``.
    """
    judgements = list(_judgements(record))
    has_one_metric = len({judgement.metric for _, judgement in judgements}) == 1
    properties: list[tuple[str, object]] = [("verdict", record.verdict.value)]
    for erratum, judgement in judgements:
        run = f"{erratum}_" if erratum else ""
        prefix = run if has_one_metric else f"{run}{judgement.metric}_"
        properties += [
            (f"{prefix}{claim}", judgement.printed),
            (f"{prefix}measured", judgement.measured_pct),
            (f"{prefix}difference", judgement.difference_pct),
            (f"{prefix}tolerance", judgement.tolerance_pct),
        ]
    return properties


def _judgements(record: Record) -> Iterator[tuple[str | None, Judgement]]:
    for run in record.measurements:
        for judgement in run.judgements:
            yield run.erratum, judgement
