"""Computes every record of a folder again from its own detections.

Everything after the detections is computed again: scores, judgements, verdict. Neither
Paddle nor the dataset is needed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.compare.judged_run import judge_run
from harness.compare.verdict import verdict_of_row
from harness.errors import HarnessError, RecordInvalid
from harness.pipeline.gate.finding import Finding, Rule, finding_of, refused
from harness.pipeline.gate.recheck_archive import recheck_archive
from harness.pipeline.gate.recheck_making import recheck_making
from harness.pipeline.gate.rescore import recheck_scores
from harness.report.tally import NOT_MEASURED
from harness.values.datasets import FACTS, KnownDataset
from harness.values.records import (
    FAILING,
    INCOMPLETE,
    PASSING,
    Judgement,
    Measurement,
    Record,
    Verdict,
)
from harness.values.rows import Row, Run, Zoo

#: Verdicts that a record without a number can have.
WITHOUT_NUMBER = frozenset(Verdict) - PASSING - {Verdict.LOWER, Verdict.HIGHER}


def recheck_rows(
    zoo: Zoo,
    records: Mapping[str, Record],
    folder: Path,
    known_datasets: Mapping[str, KnownDataset],
    *,
    today: dt.date,
) -> Iterator[Finding]:
    """Yield rows without a record, records of no row, and what is wrong with each.

    Args:
        zoo: the edition; all of its rows are asked for.
        records: by the name of their file.
        folder: where their detections and truth are.
        known_datasets: dataset -> what is known of the published one.
        today: the day to judge by.
    """
    rows = {row.row_id: row for row in zoo.rows}
    for row_id in sorted({*rows, *records}):
        row, record = rows.get(row_id), records.get(row_id)
        if record is None:
            error = RecordInvalid(
                "not measured",
                expected=f"{folder.name}/{row_id}.json",
                got="no record",
                next_step="measure the row",
            )
            yield finding_of(
                Rule.NO_RECORD, row_id, error, fails=False, verdict=NOT_MEASURED
            )
        elif record.zoo != zoo.name:
            error = RecordInvalid(
                "a record of another zoo",
                expected=zoo.name,
                got=record.zoo,
                next_step="keep the records of each zoo in a folder of their own",
            )
            yield finding_of(Rule.ZOO, row_id, error)
        elif row is None:
            error = RecordInvalid(
                "a record of no row",
                expected=f"one of the {len(rows)} rows of {zoo.name}",
                got=row_id,
                next_step="remove the record, or add the row",
            )
            yield finding_of(Rule.ROW, row_id, error)
        else:
            yield from recheck_record(
                zoo, row, record, folder, known_datasets, today=today
            )
            yield from _check_outcome(record)


def recheck_record(
    zoo: Zoo,
    row: Row,
    record: Record,
    folder: Path,
    known_datasets: Mapping[str, KnownDataset],
    *,
    today: dt.date,
) -> Iterator[Finding]:
    """Yield what is wrong with a record of this row, computed from its own folder.

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


def _check_outcome(record: Record) -> Iterator[Finding]:
    if record.verdict in FAILING | INCOMPLETE:
        fails = record.verdict in FAILING
        error = RecordInvalid(
            record.reason or "no reason was recorded",
            expected="reproduced",
            got=record.verdict,
            next_step="mend it, or waive it in expected/waivers.toml",
        )
        yield finding_of(
            Rule.FAILED if fails else Rule.INCOMPLETE,
            record.row_id,
            error,
            fails=fails,
            verdict=record.verdict,
        )


def _check_runs(zoo: Zoo, row: Row, record: Record) -> Iterator[Finding]:
    """Refuse a record without exactly the runs that its row asks for."""
    asked = zoo.runs_of(row)
    got = [
        Run(input_px=one.input_px, erratum=one.erratum) for one in record.measurements
    ]
    if sorted(got, key=str) != sorted(asked, key=str):
        yield refused(
            Rule.RUNS,
            row.row_id,
            "runs",
            expected=_tell_runs(asked),
            got=_tell_runs(got),
        )


def _tell_runs(runs: Sequence[Run]) -> str:
    return ", ".join(f"{run.input_px} px as {run.erratum or 'printed'}" for run in runs)


def _check_dataset(
    row: Row, record: Record, known: KnownDataset | None
) -> Iterator[Finding]:
    """Refuse a dataset that differs from the published one without saying so."""
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
    # A claim without a score: the scores are refused already.
    judged = judge_run(zoo, row, measurement.scores_pct)
    if measurement.judgements != judged.judgements:
        yield refused(
            Rule.JUDGEMENT,
            row.row_id,
            f"judgements at {measurement.input_px} px do not follow from the scores, "
            "claims and tolerance",
            expected=_tell_judgements(judged.judgements),
            got=_tell_judgements(measurement.judgements),
            next_step="judge again: run the row, its detections are in the store",
        )
    elif judged.judgements and measurement.verdict != judged.verdict:
        yield refused(
            Rule.JUDGEMENT,
            row.row_id,
            f"verdict at {measurement.input_px} px",
            expected=judged.verdict,
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
