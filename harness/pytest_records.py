"""A row's record in, the end of its case out; and the record back from its report."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from harness.record_json import record_from_json
from harness.records import INCOMPLETE, PASSING, Record

PROPERTY = "zoo_record"


def end_case(record: Record, *, require_measured: bool) -> None:
    """Pass, fail or skip, as design 3 maps verdicts to outcomes."""
    if record.verdict in PASSING:
        return
    told = f"{record.verdict}: {record.reason}".removesuffix(": ")
    if record.verdict in INCOMPLETE and not require_measured:
        pytest.skip(told)
    pytest.fail(told, pytrace=False)


def records_of(reports: Iterable[object]) -> dict[str, Record]:
    """Return the records that the reports carry, by row id."""
    found = {}
    for report in reports:
        told = dict(getattr(report, "user_properties", ())).get(PROPERTY)
        if told is not None:
            record = record_from_json(str(told))
            found[record.row_id] = record
    return found
