"""Reads what a score was computed from: detections, truth and convention."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import RecordInvalid, UsageError, located, refusing_unreadable
from harness.files.record_files import read_detections, read_record, read_truth
from harness.formats.table import FORMATS
from harness.pipeline.results.convention import (
    ONE_WAY,
    Asked,
    Convention,
    arithmetic_convention,
    convention_of_record,
    demand_asked,
    voc_convention,
)
from harness.values.detections import Detections, Results
from harness.values.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRun:
    """What a number was computed from."""

    name: str  # to show
    dataset: str
    detections: Detections | Results
    truth: Truth
    convention: Convention = ONE_WAY


def read_run(path: Path, *, erratum: str | None = None) -> ScoredRun:
    """Read what a record was scored from.

    Args:
        path: of the record; its detections and truth are in folders beside it.
        erratum: the run that follows this erratum; the run as printed when None.

    Raises:
        UsageError: there is no such record, or no such run in it.
        RecordInvalid: the record, or what it names, is malformed or was altered.
    """
    again = "give the row's id, or the path of its record"
    with located(path), refusing_unreadable(RecordInvalid, again):
        is_there = path.is_file()
    if not is_there:
        raise UsageError(
            "no record", expected=path, next_step="measure or score it first"
        )
    with refusing_unreadable(RecordInvalid, again):
        record = read_record(path)
    with located(path):
        if record.dataset is None or not record.measurements:
            raise RecordInvalid(
                "a record without detections",
                got=f"{record.verdict}: {record.reason}",
                next_step="measure the row",
            )
        runs = {one.erratum: one for one in record.measurements}
        if erratum not in runs:
            raise UsageError(
                "run",
                expected=" or ".join(f"as {one or 'printed'}" for one in runs),
                got=f"as {erratum or 'printed'}",
                next_step="give --erratum the id of one of these",
            )
        return ScoredRun(
            name=record.row_id + (f" as {erratum}" if erratum else ""),
            dataset=record.dataset.name,
            detections=read_detections(path.parent, runs[erratum].detections_file),
            truth=read_truth(path.parent, record.dataset.truth_file),
            convention=convention_of_record(record.dataset.name, record.protocol),
        )


def read_result_file(
    dataset: str, path: Path, truth: Truth, convention: Convention = ONE_WAY
) -> ScoredRun:
    """Read a result file (or folder) that any tool made.

    Args:
        dataset: the word that rows use.
        path: the file or folder.
        truth: what it is about.
        convention: how it is scored.

    Raises:
        DetectionsInvalid: it is malformed, or of other images or classes.
    """
    return ScoredRun(
        name=path.name,
        dataset=dataset,
        detections=FORMATS[dataset].read(path, truth),
        truth=truth,
        convention=convention,
    )


def rescored_as(run: ScoredRun, asked: Asked) -> ScoredRun:
    """Return the run to be scored as was asked for; as it is where nothing was.

    Raises:
        UsageError: what was asked for does not fit the run's dataset.
    """
    demand_asked(run.dataset, asked)
    if asked.convention:
        used = voc_convention(asked.convention, "asked for", run.convention.classes)
        return replace(run, convention=used)
    if asked.arithmetic:
        return replace(
            run, convention=arithmetic_convention(asked.arithmetic, "asked for")
        )
    return run
