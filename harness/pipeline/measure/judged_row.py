"""A row's detections in, its record out: scored, judged and explained."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.compare.tolerance import budget_of
from harness.compare.verdict import judge, verdict_of_judgements, verdict_of_row
from harness.errors import DatasetInvalid, HarnessError
from harness.evaluate.detect import Detected, Failed, Outcome, Run
from harness.evaluate.metrics import Metric, metric_of
from harness.files.atomic import write_text
from harness.files.record_files import write_detections, write_truth
from harness.model.detectors.architectures import protocol_of_row
from harness.model.paddle_run.device import Device
from harness.model.paddle_run.precision import FLOAT32
from harness.pipeline.measure.opened_dataset import OpenedDataset
from harness.pipeline.measure.opened_row import OpenedRow
from harness.pipeline.measure.settings import Settings
from harness.printable import LONGEST_PART_CHARS, counted, printable
from harness.values.records import (
    DatasetUsed,
    Environment,
    Measurement,
    Record,
    Verdict,
)
from harness.values.rows import Row, Zoo

#: How many unread images a record names; the rest are counted.
NAMED_IMAGES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPass:
    """What all rows of one pass over a dataset share."""

    zoo: Zoo
    settings: Settings
    dataset: OpenedDataset
    device: Device
    environment: Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One run of one row: at the printed size, or at an erratum's."""

    row: OpenedRow
    input_px: int
    erratum: str | None
    run: Run


def judge_row(
    shared: SharedPass,
    row: OpenedRow,
    pairs: Sequence[tuple[PlannedRun, Outcome]],
) -> Record:
    """Return the record of a row from the outcomes of its runs; as printed first."""
    unread: dict[int, str] = {}
    for _, outcome in pairs:
        if isinstance(outcome, Failed):
            return refused_row(
                row.row, outcome.error, opened=row, folder=shared.settings.records
            )
        unread |= outcome.faults
    # A file that is not there is among the differences already.
    gone = {
        one.image_id
        for one in shared.dataset.found.images
        if one.image_id in unread and not one.path.is_file()
    }
    broken = {key: told for key, told in unread.items() if key not in gone}
    differences = told((*shared.dataset.differences, *unread_images(broken)))
    measurements = tuple(
        _score_run(shared, one, outcome)
        for one, outcome in pairs
        if isinstance(outcome, Detected)
    )
    verdict, reason = verdict_of_row(
        measurements,
        dataset_differences=differences,
        limit=shared.dataset.found.limit,
    )
    if verdict is Verdict.NOT_JUDGED:
        reason = f"computed in {shared.device.precision}: no published number is of it"
    return Record(
        zoo=shared.zoo.name,
        row_id=row.row.row_id,
        verdict=verdict,
        reason=reason,
        measurements=measurements,
        archive=row.used,
        dataset=_dataset_used(shared, differences),
        protocol=_protocol(row),
        environment=replace(
            shared.environment, metric_engine=_metric_of(shared, row.row).engine_name()
        ),
        notes=told((*shared.dataset.found.notes, *_notes(shared.zoo, row))),
    )


def _score_run(
    shared: SharedPass, planned: PlannedRun, outcome: Detected
) -> Measurement:
    row = planned.row.row
    truth = shared.dataset.found.truth
    start_s = time.perf_counter()
    scores = _metric_of(shared, row).score(outcome.detections, truth)
    score_wall_s = time.perf_counter() - start_s
    budget = budget_of(shared.zoo.tolerance, row)
    claims = shared.zoo.ap_claims(row.row_id)
    missing = [claim.metric for claim in claims if claim.metric not in scores]
    if missing:
        count = shared.dataset.found.image_count
        raise DatasetInvalid(
            f"{count} images hold nothing to score {', '.join(missing)} against",
            next_step="measure more of the dataset",
        )
    judgements = tuple(judge(claim, scores[claim.metric], budget) for claim in claims)
    if shared.device.precision != FLOAT32:
        judgements = ()  # what a deployment gets is no evidence for a claim
    return Measurement(
        input_px=planned.input_px,
        erratum=planned.erratum,
        scores_pct=dict(scores),
        judgements=judgements,
        verdict=verdict_of_judgements(judgements) if judgements else Verdict.NOT_JUDGED,
        detections_sha256=outcome.detections.sha256(),
        detections_file=write_detections(shared.settings.records, outcome.detections),
        detection_count=len(outcome.detections.scores),
        store_key=planned.run.key.digest(),
        replayed=outcome.replayed,
        detect_wall_s=outcome.wall_s,
        detect_cpu_s=outcome.cpu_s,
        score_wall_s=score_wall_s,
    )


def _metric_of(shared: SharedPass, row: Row) -> Metric:
    return metric_of(row.dataset, coco_engine=shared.settings.coco_engine)


def unread_images(faults: Mapping[int, str]) -> tuple[str, ...]:
    """Return what to tell of images that could not be read: how many, and the first."""
    if not faults:
        return ()
    image_ids = sorted(faults)
    named = "; ".join(faults[one] for one in image_ids[:NAMED_IMAGES])
    more = "; ..." if len(image_ids) > NAMED_IMAGES else ""
    return (f"{counted(len(image_ids), 'image')} without detections: {named}{more}",)


def told(texts: Sequence[str]) -> tuple[str, ...]:
    """Return what a record tells, printable: it names files and words of others."""
    return tuple(printable(one, longest_chars=LONGEST_PART_CHARS) for one in texts)


def _dataset_used(shared: SharedPass, differences: tuple[str, ...]) -> DatasetUsed:
    found = shared.dataset.found
    return DatasetUsed(
        name=shared.dataset.name,
        fingerprint=found.fingerprint,
        image_count=found.image_count,
        annotation_count=found.annotation_count,
        truth_sha256=found.truth.sha256(),
        truth_file=write_truth(shared.settings.records, found.truth),
        differences=differences,
        limit=found.limit,
    )


def _protocol(row: OpenedRow) -> Mapping[str, str]:
    found = row.opened.quantisation
    return {
        **protocol_of_row(row.row),
        **({} if found is None else found.protocol()),
    }


def _notes(zoo: Zoo, row: OpenedRow) -> tuple[str, ...]:
    """Tell what is quantised, and what the files settled of errata."""
    found = row.opened.quantisation
    notes = [] if found is None else list(found.notes(row.row.strategy))
    for one in zoo.errata_of(row.row.row_id):
        if one.field == "strategy":
            shapes = row.opened.pruning
            notes.append(f"{one.erratum_id}: the archive has the shapes of {shapes}")
        if one.field == "url" and row.used.source.endswith(
            one.corrected.rpartition("/")[2]
        ):
            notes.append(f"{one.erratum_id}: served from {row.used.source}")
    return tuple(notes)


def refused_row(
    row: Row,
    error: Exception,
    *,
    opened: OpenedRow | None = None,
    folder: Path | None = None,
) -> Record:
    """Return the record of a row that could not be measured.

    Args:
        row: the row.
        error: what stopped it; one that is no refusal is a fault of ours.
        opened: its archive, if that could be read.
        folder: of the records; the traceback of such a fault is kept there.
    """
    notes: tuple[str, ...] = ()
    if isinstance(error, HarnessError):
        verdict, reason = Verdict(error.verdict), str(error)
    else:
        verdict, reason = Verdict.ERRORED, f"{type(error).__name__}: {printable(error)}"
        if folder is not None:
            notes = (
                f"its traceback is in {keep_traceback(folder, row.row_id, error)}",
            )
    return Record(
        zoo=row.zoo,
        row_id=row.row_id,
        verdict=verdict,
        reason=reason,
        archive=None if opened is None else opened.used,
        notes=notes,
    )


def keep_traceback(folder: Path, name: str, error: Exception) -> Path:
    """Write ``<folder>/errors/<name>.txt`` and return its path."""
    path = folder / "errors" / f"{name}.txt"
    with contextlib.suppress(OSError):  # the fault itself is still told
        write_text(path, "".join(traceback.format_exception(error)))
    return path
