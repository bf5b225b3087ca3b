"""Writes the section "Trained again": rows measured from archives trained here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from harness.report.cells import (
    OF_NUMBERS,
    judgement_of,
    run_label,
    shown_runs,
    signed,
)
from harness.report.deployment import BETWEEN
from harness.report.inert import inert, inert_code
from harness.report.markdown import render_table
from harness.report.notes import told_rows
from harness.report.summary import NO_NUMBER
from harness.report.words import Words
from harness.values.records import Judgement, Measurement, Record
from harness.values.rows import Claim, Row, Zoo


def retrained(
    zoo: Zoo,
    records: Mapping[str, Record],
    trained: Mapping[str, Record],
    words: Words,
) -> Iterator[str]:
    """Yield the section; nothing if no row was trained again.

    Args:
        zoo: the edition, with the published claims.
        records: those of the published archives, by row id.
        trained: those of retrained rows, by row id.
        words: of the page.
    """
    if not trained:
        return
    lines = [
        line
        for row in zoo.rows
        if (record := trained.get(row.row_id)) is not None and record.is_measured
        for line in _lines(zoo, row, records.get(row.row_id), record, words)
    ]
    yield f"## {words.retrained.heading}"
    yield words.retrained.how_to_read
    if lines:
        align = ["left", "left", *["right"] * 5, "left"]
        yield render_table(words.retrained.columns, lines, align)
    told = "\n".join(told_rows(zoo, trained, words))
    if told:
        yield told


def _lines(
    zoo: Zoo, row: Row, downloaded: Record | None, record: Record, words: Words
) -> Iterator[list[str]]:
    """Yield the cells of each run of a row; the numbers of its metrics share one."""
    beside: dict[str | None, Measurement] = {}
    if downloaded is not None and _same_data(record, downloaded):
        beside = {one.erratum: one for one in downloaded.measurements}
    runs = shown_runs(zoo, row, record)
    for run in runs:
        numbers = [
            _numbers(claim, beside.get(run.erratum), judgement_of(run, claim.metric))
            for claim in zoo.ap_claims(row.row_id)
        ]
        verdict = record.verdict
        if verdict in OF_NUMBERS and run.measurement is not None:
            verdict = run.measurement.verdict
        yield [
            f"`{inert_code(row.row_id)}`"
            + (f" {run_label(run)}" if len(runs) > 1 else ""),
            NO_NUMBER if record.archive is None else inert(record.archive.source),
            *map(BETWEEN.join, zip(*numbers, strict=True)),
            words.verdicts[verdict],
        ]


def _numbers(
    claim: Claim, downloaded: Measurement | None, judged: Judgement | None
) -> tuple[str, ...]:
    """Return what is told of one metric: published, downloaded, trained and so on."""
    score = None if downloaded is None else downloaded.scores_pct.get(claim.metric)
    before = NO_NUMBER if score is None else f"{score:.2f}"
    if judged is None:
        return (inert(claim.printed), before, *[NO_NUMBER] * 3)
    difference = Decimal(repr(judged.measured_pct)) - claim.value_pct
    tolerance = f"± {judged.tolerance_pct}"
    if judged.printed != claim.printed:  # held to the mean of several seeds
        tolerance = f"{inert(judged.printed)} {tolerance}"
    return (
        inert(claim.printed),
        before,
        f"{judged.measured_pct:.2f}",
        signed(float(difference)),
        tolerance,
    )


def _same_data(record: Record, beside: Record) -> bool:
    """Whether two records were measured on one dataset, and as much of it."""
    mine, theirs = (
        one.dataset and (one.dataset.fingerprint, one.dataset.limit)
        for one in (record, beside)
    )
    return mine == theirs
