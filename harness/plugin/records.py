"""A row's record in, the end of its case out; and the record back from its report."""

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
    told = f"{record.verdict}: {record.reason}".removesuffix(": ")
    if record.verdict in INCOMPLETE and not require_measured:
        pytest.skip(told)
    pytest.fail(told, pytrace=False)


def hand_over(item: pytest.Item, report: pytest.TestReport) -> None:
    """Give a report the record of its case."""
    if report.when == "call" and CASE_KEY in item.stash:
        setattr(report, ATTRIBUTE, item.stash[CASE_KEY])


def records_of(reports: Iterable[object]) -> dict[str, Record]:
    """Return the records that the reports carry, by row id."""
    found = {}
    for report in reports:
        told = getattr(report, ATTRIBUTE, None)
        if told is not None:
            record = record_from_json(str(told))
            found[record.row_id] = record
    return found


def properties_of(record: Record) -> list[tuple[str, object]]:
    """Return what a JUnit file tells of a record, each number under its own name.

    The names are those of the number: ``published``, or ``easy_published`` where a row
    has several; a run that follows an erratum puts its id before: ``E1_published``.
    """
    named = list(_judgements(record))
    is_alone = len({one.metric for _, one in named}) == 1
    told: list[tuple[str, object]] = [("verdict", record.verdict.value)]
    for erratum, one in named:
        run = f"{erratum}_" if erratum else ""
        of = run if is_alone else f"{run}{one.metric}_"
        told += [
            (f"{of}published", one.printed),
            (f"{of}measured", one.measured_pct),
            (f"{of}difference", one.difference_pct),
            (f"{of}tolerance", one.tolerance_pct),
        ]
    return told


def _judgements(record: Record) -> Iterator[tuple[str | None, Judgement]]:
    for run in record.measurements:
        for judgement in run.judgements:
            yield run.erratum, judgement
