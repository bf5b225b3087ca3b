"""Computes the figures of a row's network and judges them: no data, no archive."""

from __future__ import annotations

from harness.compare.figure import judge_figure, verdict_of_figures
from harness.errors import ArchiveUnreadable
from harness.model.detectors.architectures import structure_of_row
from harness.values.records import StructureRecord, Verdict
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
