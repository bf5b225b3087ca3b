"""Writes the short table of the selected rows, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from harness.printable import counted, printable_json
from harness.report.cells import (
    ShownRun,
    judgement_of,
    shown_runs,
    shown_verdict,
    signed,
)
from harness.report.plain_table import plain_table
from harness.report.tally import NOT_MEASURED, count_outcomes
from harness.values.records import Record
from harness.values.rows import Claim, Row, Zoo

#: What stands where there is no number.
NO_NUMBER = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    """One number of one run, as shown; :data:`NO_NUMBER` where there is none."""

    row: str
    run: str  # "608", or "608 E1" for a run that follows an erratum
    metric: str
    measured: str
    printed: str
    difference: str
    tolerance: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The short table of a selection of rows."""

    lines: tuple[SummaryLine, ...]  # printed order
    counts: Mapping[str, int]  # every tally.OUTCOMES word; sums to the rows
    loud: str  # the line for a selection that measured nothing; else empty


#: Titles of the columns, left to right, for whoever draws the table.
TITLES: tuple[str, ...] = tuple(one.name for one in fields(SummaryLine))


def summarise(
    zoo: Zoo, records: Mapping[str, Record], row_ids: Sequence[str]
) -> Summary:
    """Return the summary of those rows, in printed order.

    Records of other rows are passed over.
    """
    selected = [row for row in zoo.rows if row.row_id in set(row_ids)]
    counts = count_outcomes((row.row_id for row in selected), records)
    lines = tuple(
        line
        for row in selected
        for line in _lines_of(zoo, row, records.get(row.row_id))
    )
    measured = any(line.measured != NO_NUMBER for line in lines)
    return Summary(lines=lines, counts=counts, loud="" if measured else _loud(counts))


def counts_line(counts: Mapping[str, int]) -> str:
    """Return the counts as one line; those of no row are left out."""
    terms = [f"{count} {word}" for word, count in counts.items() if count]
    return (
        f"{counted(sum(counts.values()), 'row')}: {', '.join(terms) or 'none selected'}"
    )


def summary_text(summary: Summary) -> str:
    """Return the table in plain aligned lines, the counts and the loud line."""
    table = plain_table(
        TITLES, [tuple(asdict(line).values()) for line in summary.lines]
    )
    tail = [counts_line(summary.counts), *([summary.loud] if summary.loud else [])]
    return "\n".join([table, "", *tail]) + "\n"


def summary_json(
    zoo: Zoo, records: Mapping[str, Record], row_ids: Sequence[str]
) -> str:
    """Return the table as JSON, unrounded: sorted keys, two spaces, final LF."""
    selected = [row for row in zoo.rows if row.row_id in set(row_ids)]
    listed = [
        {
            "row": row.row_id,
            "verdict": record.verdict if record else NOT_MEASURED,
            "reason": record.reason if record else "",
            "claims": {one.metric: one.printed for one in zoo.ap_claims(row.row_id)},
            "runs": [
                {
                    "input_px": run.input_px,
                    "erratum": run.erratum,
                    "verdict": run.verdict,
                    "scores_pct": dict(run.scores_pct),
                    "judgements": [asdict(judgement) for judgement in run.judgements],
                }
                for run in (record.measurements if record else ())
            ],
        }
        for row in selected
        for record in [records.get(row.row_id)]
    ]
    summary = summarise(zoo, records, row_ids)
    data = {
        "zoo": zoo.name,
        "rows": listed,
        "counts": dict(summary.counts),
        "measured_nothing": bool(summary.loud),
    }
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    return printable_json(text) + "\n"


def _lines_of(zoo: Zoo, row: Row, record: Record | None) -> Iterator[SummaryLine]:
    for run in shown_runs(zoo, row, record):
        label = f"{run.input_px} {run.erratum or ''}".rstrip()
        for claim in zoo.ap_claims(row.row_id):
            judgement = judgement_of(run, claim.metric)
            if record is None or judgement is None:
                verdict = NOT_MEASURED if record is None else record.verdict.value
                yield _not_judged(claim, run, label, verdict)
                continue
            yield SummaryLine(
                row=row.row_id,
                run=label,
                metric=claim.metric,
                measured=f"{judgement.measured_pct:.2f}",
                printed=claim.printed,
                difference=signed(judgement.difference_pct),
                tolerance=judgement.tolerance_pct,
                verdict=shown_verdict(record, judgement).value,
            )


def _not_judged(claim: Claim, run: ShownRun, label: str, verdict: str) -> SummaryLine:
    """Return the line of a claim that was not judged, with its number if it has one."""
    scores = {} if run.measurement is None else run.measurement.scores_pct
    measured = scores.get(claim.metric)
    return SummaryLine(
        row=claim.row_id,
        run=label,
        metric=claim.metric,
        measured=NO_NUMBER if measured is None else f"{measured:.2f}",
        printed=claim.printed,
        difference=NO_NUMBER,
        tolerance=NO_NUMBER,
        verdict=verdict,
    )


def _loud(counts: Mapping[str, int]) -> str:
    return (
        f"NOTHING WAS MEASURED ({counts_line(counts)}): no published number was checked"
    )
