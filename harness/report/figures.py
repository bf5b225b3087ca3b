"""Shows the figures of rows (GFLOPs, sizes) on a page and in a log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.errors import RecordInvalid
from harness.printable import counted
from harness.report.cells import signed
from harness.report.plain_table import plain_table
from harness.report.tally import NOT_MEASURED, OUTCOMES
from harness.report.words import Words
from harness.values.records import Figure, StructureRecord
from harness.values.rows import Claim, Row, Zoo

#: Titles of the short table.
TITLES = ("row", "figure", "computed", "printed", "difference", "tolerance", "verdict")


def claim_of_column(zoo: Zoo, row: Row, metric: str) -> Claim | None:
    """Return the figure that a row prints in a column; an int8 size is a size."""
    claims = (
        one
        for one in zoo.structure_claims(row.row_id)
        if one.metric.removeprefix("int8_") == metric
    )
    return next(claims, None)


def figure_cell(
    zoo: Zoo, row: Row, metric: str, record: StructureRecord | None, words: Words
) -> str:
    """Return the computed figure with difference and verdict, or a dash and why.

    Empty where the document prints no figure.
    """
    claim = claim_of_column(zoo, row, metric)
    if claim is None:
        return ""
    if record is None:
        return words.dash.format(verdict=words.verdicts[NOT_MEASURED])
    figure = figure_of(record, claim)
    if figure is None:
        return words.no_network
    computed = f"{figure.computed:.{decimals_of(claim)}f}"
    if figure.is_estimate:
        computed = words.estimate.format(figure=computed)
    return words.number.format(
        ap=computed,
        difference=signed(figure.difference),
        verdict=words.verdicts[figure.verdict],
    )


def figure_of(record: StructureRecord, claim: Claim) -> Figure | None:
    """Return the figure that a record has for a claim."""
    return next((one for one in record.figures if one.metric == claim.metric), None)


def decimals_of(claim: Claim) -> int:
    """Return how many decimals a claim prints, one at least."""
    return max(1, len(claim.printed.partition(".")[2]))


def count_figures(zoo: Zoo, records: Mapping[str, StructureRecord]) -> dict[str, int]:
    """Return how many published figures came to each outcome; sums to the figures."""
    counts = dict.fromkeys(OUTCOMES, 0)
    for row in zoo.rows:
        record = records.get(row.row_id)
        for claim in zoo.structure_claims(row.row_id):
            figure = figure_of(record, claim) if record else None
            counts[_outcome(record, figure)] += 1
    return counts


def figures_text(records: Iterable[StructureRecord], claims: Iterable[Claim]) -> str:
    """Return the short table of some figures in plain aligned lines, with a count."""
    by_row = {one.row_id: one for one in records}
    lines = []
    verdicts = []
    for claim in claims:
        record = by_row[claim.row_id]
        figure = figure_of(record, claim)
        verdicts.append(_outcome(record, figure))
        lines.append(_line(claim, figure, verdicts[-1]))
    ends = [f"{verdicts.count(one)} {one}" for one in dict.fromkeys(verdicts)]
    count = counted(len(lines), "figure")
    return f"{plain_table(TITLES, lines)}\n\n{count}: {', '.join(ends)}"


def check_structures(zoo: Zoo, records: Mapping[str, StructureRecord]) -> None:
    """Refuse structure records that are not of this zoo's rows.

    Raises:
        RecordInvalid: a record of another zoo, or of a row that prints no figure.
    """
    known = {row.row_id for row in zoo.rows if zoo.structure_claims(row.row_id)}
    for row_id, record in sorted(records.items()):
        if record.zoo != zoo.name or row_id not in known:
            raise RecordInvalid(
                f"a structure record of {row_id}",
                expected=f"one of the {len(known)} rows of {zoo.name} with a figure",
                got=f"a row of {record.zoo}",
                next_step="remove the record",
            )


def _outcome(record: StructureRecord | None, figure: Figure | None) -> str:
    if record is None:
        return NOT_MEASURED
    return record.verdict.value if figure is None else figure.verdict.value


def _line(claim: Claim, figure: Figure | None, verdict: str) -> tuple[str, ...]:
    if figure is None:
        return (claim.row_id, claim.metric, "–", claim.printed, "–", "–", verdict)
    mark = " (estimate)" if figure.is_estimate else ""
    return (
        claim.row_id,
        f"{claim.metric}{mark}",
        f"{figure.computed:.3f}",
        claim.printed,
        signed(figure.difference),
        figure.tolerance,
        verdict,
    )
