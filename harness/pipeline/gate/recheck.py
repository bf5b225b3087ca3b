"""A record and its folder in; what it says that its own detections do not, out.

Everything after the detections is computed again: scores, judgements, verdict. Neither
Paddle nor the dataset is needed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.compare.tolerance import budget_of
from harness.compare.verdict import judge, verdict_of_judgements, verdict_of_row
from harness.errors import HarnessError
from harness.pipeline.gate.finding import Finding, Rule, finding_of, refused
from harness.pipeline.gate.recheck_archive import recheck_archive
from harness.pipeline.gate.recheck_making import recheck_making
from harness.pipeline.gate.rescore import recheck_scores
from harness.values.datasets import FACTS, KnownDataset
from harness.values.records import PASSING, Judgement, Measurement, Record, Verdict
from harness.values.rows import Row, Zoo

#: Verdicts that a record without a number can have.
WITHOUT_NUMBER = frozenset(Verdict) - PASSING - {Verdict.LOWER, Verdict.HIGHER}


def recheck_record(
    zoo: Zoo,
    row: Row,
    record: Record,
    folder: Path,
    known_datasets: Mapping[str, KnownDataset],
    *,
    today: dt.date,
) -> Iterator[Finding]:
    """Yield everything that a record of this row cannot prove from its own folder.

    Args:
        zoo: the edition.
        row: the row that the record is of.
        record: what was measured.
        folder: where its detections and truth are.
        known_datasets: dataset -> what is known of the published one.
        today: the day to judge by.
    """
    yield from recheck_archive(zoo, row, record)
    yield from recheck_making(row, record, today)
    if not record.measurements:
        if record.verdict not in WITHOUT_NUMBER:
            yield refused(
                Rule.VERDICT,
                row.row_id,
                "a verdict on numbers without a measurement",
                expected="measurements",
                got=record.verdict,
            )
        if not record.reason:
            yield refused(
                Rule.REASON,
                row.row_id,
                "a row that could not be measured, and no reason",
                expected="what stopped it",
                got="an empty text",
            )
        return
    yield from _check_runs(zoo, row, record)
    yield from _check_dataset(row, record, known_datasets.get(row.dataset))
    yield from recheck_scores(row, record, folder)
    for measurement in record.measurements:
        yield from _check_judgements(zoo, row, measurement)
    yield from _check_verdict(row, record)


def _check_runs(zoo: Zoo, row: Row, record: Record) -> Iterator[Finding]:
    """Check that the row was run at its printed size, and as each erratum says."""
    asked: dict[str | None, int] = {None: row.input_px}
    for one in zoo.errata_of(row.row_id):
        if one.changes_run and one.field == "input_px":
            asked[one.erratum_id] = int(one.corrected)
    got = [(one.erratum, one.input_px) for one in record.measurements]
    if sorted(got, key=str) != sorted(asked.items(), key=str):
        yield refused(
            Rule.RUNS,
            row.row_id,
            "runs",
            expected=_tell_runs(list(asked.items())),
            got=_tell_runs(got),
        )


def _tell_runs(runs: list[tuple[str | None, int]]) -> str:
    return ", ".join(
        f"{input_px} px as {erratum or 'printed'}" for erratum, input_px in runs
    )


def _check_dataset(
    row: Row, record: Record, known: KnownDataset | None
) -> Iterator[Finding]:
    """Check that a dataset which differs from the published one says so."""
    used = record.dataset
    if used is None:
        yield refused(Rule.DATASET, row.row_id, "numbers of no dataset", got="null")
        return
    if used.name != row.dataset:
        yield refused(
            Rule.DATASET, row.row_id, "dataset", expected=row.dataset, got=used.name
        )
    if known is None or used.differences or used.limit is not None:
        return
    for one in known.unlike({fact: getattr(used, fact) for fact in FACTS}):
        yield refused(
            Rule.DATASET,
            row.row_id,
            f"{one.fact} is not the published one and the record does not say so",
            expected=one.published,
            got=one.here,
        )


def _check_judgements(
    zoo: Zoo, row: Row, measurement: Measurement
) -> Iterator[Finding]:
    budget = budget_of(zoo.tolerance, row)
    claims = [
        one
        for one in zoo.ap_claims(row.row_id)
        if one.metric in measurement.scores_pct  # else the scores are refused already
    ]
    expected = tuple(
        judge(one, measurement.scores_pct[one.metric], budget) for one in claims
    )
    if measurement.judgements != expected:
        yield refused(
            Rule.JUDGEMENT,
            row.row_id,
            f"judgements at {measurement.input_px} px do not follow from the scores, "
            "claims and tolerance",
            expected=_tell_judgements(expected),
            got=_tell_judgements(measurement.judgements),
            next_step="judge again: run the row, its detections are in the store",
        )
    elif expected and measurement.verdict != verdict_of_judgements(expected):
        yield refused(
            Rule.JUDGEMENT,
            row.row_id,
            f"verdict at {measurement.input_px} px",
            expected=verdict_of_judgements(expected),
            got=measurement.verdict,
        )


def _tell_judgements(judgements: Sequence[Judgement]) -> str:
    told = [
        f"{one.metric} {one.measured_pct} against {one.printed} is {one.verdict} "
        f"by {one.difference_pct} of {one.tolerance_pct} ({one.budget})"
        for one in judgements
    ]
    return ", ".join(told) or "none"


def _check_verdict(row: Row, record: Record) -> Iterator[Finding]:
    dataset = record.dataset
    try:
        expected, reason = verdict_of_row(
            record.measurements,
            dataset_differences=dataset.differences if dataset else (),
            limit=dataset.limit if dataset else None,
        )
    except HarnessError as error:
        yield finding_of(Rule.VERDICT, row.row_id, error)
        return
    if record.verdict is not expected:
        yield refused(
            Rule.VERDICT,
            row.row_id,
            "the verdict does not follow from the measurements",
            expected=expected,
            got=record.verdict,
        )
    elif record.reason != reason:
        yield refused(
            Rule.REASON,
            row.row_id,
            "the reason does not follow from the measurements",
            expected=repr(reason),
            got=repr(record.reason),
        )
