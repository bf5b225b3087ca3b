"""Fills the cells of a row: the measured number, its difference and its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from harness.report.inert import inert
from harness.report.tally import NOT_MEASURED
from harness.report.words import Words
from harness.values.records import Judgement, Measurement, Record, Verdict
from harness.values.rows import Row, Zoo

#: Verdicts of comparing numbers. Any other says more of the row than its numbers do.
OF_NUMBERS = frozenset(
    {
        Verdict.REPRODUCED,
        Verdict.REPRODUCED_WITH_ERRATUM,
        Verdict.LOWER,
        Verdict.HIGHER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRun:
    """One run that a row asks for, and its measurement."""

    input_px: int
    erratum: str | None
    measurement: Measurement | None


def shown_runs(zoo: Zoo, row: Row, record: Record | None) -> list[ShownRun]:
    """Return the runs of a row, each with its measurement where the record has it."""
    asked = {run.erratum: run.input_px for run in zoo.runs_of(row)}
    done = {one.erratum: one for one in record.measurements} if record else {}
    sizes = asked | {name: one.input_px for name, one in done.items()}
    return [
        ShownRun(input_px=input_px, erratum=erratum, measurement=done.get(erratum))
        for erratum, input_px in sizes.items()
    ]


def judgement_of(run: ShownRun, metric: str) -> Judgement | None:
    """Return the judgement of one metric, if the run has it."""
    if run.measurement is None:
        return None
    judgements = (one for one in run.measurement.judgements if one.metric == metric)
    return next(judgements, None)


def shown_verdict(record: Record, judgement: Judgement) -> Verdict:
    """Return the verdict to show beside a number: the row's, if it says more."""
    return judgement.verdict if record.verdict in OF_NUMBERS else record.verdict


def metric_cell(
    zoo: Zoo, row: Row, metric: str, record: Record | None, words: Words
) -> str:
    """Return the measured number with difference and verdict, or a dash and why.

    A row that an erratum makes run twice has one line per run.
    """
    if record is None:
        return words.dash.format(verdict=words.verdicts[NOT_MEASURED])
    dash = words.dash.format(verdict=words.verdicts[record.verdict])
    if record.verdict is Verdict.PARTIAL:  # a number of some images is not the row's
        return dash
    runs = shown_runs(zoo, row, record)
    if all(run.measurement is None for run in runs):
        return dash
    texts = [_number(record, judgement_of(run, metric), words) for run in runs]
    if len(runs) == 1:
        return texts[0]
    return "\n".join(
        words.run.format(run=run_label(run), text=text)
        for run, text in zip(runs, texts, strict=True)
    )


def run_label(run: ShownRun) -> str:
    """Return the size of a run, with a link to the erratum it follows."""
    if run.erratum is None:
        return f"{run.input_px}"
    return f"{run.input_px} {erratum_link(run.erratum)}"


def erratum_link(erratum_id: str) -> str:
    """Return a link to the erratum's heading on the same page."""
    return f"[{inert(erratum_id)}](#{quote(erratum_id.lower())})"


def signed(difference_pct: float) -> str:
    """Return a difference with its sign and two decimals; a zero has no sign."""
    text = f"{difference_pct:+.2f}"
    return "0.00" if float(text) == 0 else text


def _number(record: Record, judgement: Judgement | None, words: Words) -> str:
    if judgement is None:
        return words.dash.format(verdict=words.verdicts[NOT_MEASURED])
    return words.number.format(
        ap=f"{judgement.measured_pct:.1f}",
        difference=signed(judgement.difference_pct),
        verdict=words.verdicts[shown_verdict(record, judgement)],
    )
