"""A record and its folder in, the detections and truth of one of its runs out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.detections import Detections, Results
from harness.errors import RecordInvalid, UsageError, located
from harness.formats.table import FORMATS
from harness.record_files import read_detections, read_record, read_truth
from harness.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """What a number was computed from."""

    name: str  # to show
    dataset: str
    found: Detections | Results
    truth: Truth


def read_run(path: Path, *, erratum: str | None = None) -> StoredRun:
    """Read what a record was scored from.

    Args:
        path: of the record; its detections and truth are in folders beside it.
        erratum: the run that follows this erratum; the run as printed when None.

    Raises:
        UsageError: there is no such record, or no such run in it.
        RecordInvalid: the record, or what it names, is malformed or was altered.
    """
    if not path.is_file():
        raise UsageError(
            "no record", expected=path, next_step="measure or score it first"
        )
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
            )
        return StoredRun(
            name=record.row_id + (f" as {erratum}" if erratum else ""),
            dataset=record.dataset.name,
            found=read_detections(path.parent, runs[erratum].detections_file),
            truth=read_truth(path.parent, record.dataset.truth_file),
        )


def read_result_file(dataset: str, path: Path, truth: Truth) -> StoredRun:
    """Read a result file (or folder) that any tool made.

    Raises:
        DetectionsInvalid: it is malformed, or of other images or classes.
    """
    return StoredRun(
        name=path.name,
        dataset=dataset,
        found=FORMATS[dataset].read(path, truth),
        truth=truth,
    )
