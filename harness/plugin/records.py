"""Ends the case of a row as its record says, and carries the record in the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from harness.files.record_json import record_from_json, record_to_json
from harness.values.records import INCOMPLETE, PASSING, Judgement, Record

#: The record of a case, until its report carries it.
CASE_KEY = pytest.StashKey[str]()
#: Attribute of a report, which pytest-xdist hands over from its workers.
ATTRIBUTE = "zoo_record"


def keep_record(item: pytest.Item, record: Record) -> None:
    """Keep a record for the end of the run, and name its numbers for a JUnit file."""
    item.stash[CASE_KEY] = record_to_json(record)
    item.user_properties += properties_of(record)


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
    if report.when == "call" and CASE_KEY in item.stash:
        setattr(report, ATTRIBUTE, item.stash[CASE_KEY])


def records_of(reports: Iterable[object]) -> dict[str, Record]:
    """Return the records that the reports carry, by row id."""
    records = {}
    for report in reports:
        text = getattr(report, ATTRIBUTE, None)
        if text is not None:
            record = record_from_json(str(text))
            records[record.row_id] = record
    return records


def properties_of(record: Record) -> list[tuple[str, object]]:
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
            (f"{prefix}published", judgement.printed),
            (f"{prefix}measured", judgement.measured_pct),
            (f"{prefix}difference", judgement.difference_pct),
            (f"{prefix}tolerance", judgement.tolerance_pct),
        ]
    return properties


def _judgements(record: Record) -> Iterator[tuple[str | None, Judgement]]:
    for run in record.measurements:
        for judgement in run.judgements:
            yield run.erratum, judgement
