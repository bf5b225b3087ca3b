"""A row in, its figures computed and judged out. No Paddle, no data, no archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.compare.figure import judge_figure, verdict_of_figures
from harness.errors import ArchiveUnreadable, RecordInvalid
from harness.files.record_files import read_structures
from harness.model.detectors.architectures import structure_of_row
from harness.pipeline.gate.finding import Finding, Rule, finding_of, refused
from harness.report.tally import NOT_MEASURED
from harness.values.records import FAILING, StructureRecord, Verdict
from harness.values.rows import Row, Zoo


def structure_record(zoo: Zoo, row: Row) -> StructureRecord:
    """Return the record of a row's figures; the same row, the same record.

    One that has no network in this version is ``unreadable``, and the reason names it.
    """
    try:
        found = structure_of_row(row)
    except ArchiveUnreadable as error:
        return StructureRecord(
            zoo=zoo.name,
            row_id=row.row_id,
            verdict=Verdict.UNREADABLE,
            reason=str(error),
        )
    figures = tuple(
        judge_figure(claim, found.figure(claim.metric))
        for claim in zoo.structure_claims(row.row_id)
    )
    return StructureRecord(
        zoo=zoo.name,
        row_id=row.row_id,
        verdict=verdict_of_figures(figures),
        reason="",
        figures=figures,
        variables=found.variables,
        elements=found.elements,
        gflops_true=found.gflops_true,
    )


def recheck_structures(zoo: Zoo, folder: Path) -> Iterator[Finding]:
    """Yield structure records that are missing, not what is computed now, or fail.

    Args:
        zoo: the edition; every row that it prints a figure of is asked for.
        folder: the records folder.
    """
    try:
        records = read_structures(folder)
    except RecordInvalid as error:
        yield finding_of(Rule.STRUCTURE, "structure", error)
        return
    asked = {row.row_id: row for row in zoo.rows if zoo.structure_claims(row.row_id)}
    for row_id in sorted({*asked, *records}):
        if row_id not in asked:
            yield refused(
                Rule.STRUCTURE,
                row_id,
                "figures of no row that has any",
                expected=f"one of the {len(asked)} rows of {zoo.name} with a figure",
                next_step="remove the record, or add the claim",
            )
            continue
        expected = structure_record(zoo, asked[row_id])
        record = records.get(row_id)
        if record is None:
            problem = RecordInvalid(
                "figures were not computed",
                expected=f"structure/{row_id}.json",
                got="no record",
                next_step=f"run pytest -m structure --zoo {zoo.name}",
            )
            yield finding_of(
                Rule.NO_RECORD, row_id, problem, fails=False, verdict=NOT_MEASURED
            )
        elif record != expected:
            yield refused(
                Rule.STRUCTURE,
                row_id,
                "the figures are not those that are computed now",
                expected=_told(expected),
                got=_told(record),
                next_step=f"run pytest -m structure --zoo {zoo.name}",
            )
        elif record.verdict in FAILING:
            problem = RecordInvalid(
                record.reason or "a figure is not the printed one",
                expected="reproduced",
                got=_told(record),
                next_step="mend it, or waive it in expected/waivers.toml",
            )
            yield finding_of(Rule.STRUCTURE, row_id, problem, verdict=record.verdict)


def _told(record: StructureRecord) -> str:
    figures = [
        f"{one.metric} {one.computed} against {one.printed}" for one in record.figures
    ]
    return f"{record.verdict} ({', '.join(figures) or 'no figure'})"
