"""Scores and judges the detections of a row, and makes its record."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.compare.judged_run import judge_run
from harness.compare.verdict import verdict_of_row
from harness.errors import DatasetInvalid, HarnessError, UsageError
from harness.evaluate.detector_run import Detected, Failed, Outcome
from harness.evaluate.metrics import Metric, metric_of
from harness.files.atomic import write_text
from harness.files.record_files import write_detections, write_truth
from harness.model.detectors.architectures import protocol_of_row
from harness.model.machine.precisions import FLOAT32
from harness.model.runtimes.runtimes import Runtime, runtime_of
from harness.pipeline.measure.detected_rows import PlannedRun, SharedPass
from harness.pipeline.measure.opened_row import OpenedRow
from harness.pipeline.measure.ready_folders import ERRORS
from harness.pipeline.measure.settings import Settings
from harness.printable import LONGEST_PART_CHARS, counted, first_few, printable
from harness.values.records import (
    DatasetUsed,
    Measurement,
    Record,
    Verdict,
)
from harness.values.rows import Row, Zoo

#: How many unread images a record names; the rest are counted.
NAMED_IMAGES = 3


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
                row.row, outcome.error, opened=row, settings=shared.settings
            )
        unread |= outcome.faults
    # A file that is not there is among the differences already.
    missing = {
        image.image_id
        for image in shared.labelled.images
        if image.image_id in unread and not image.path.is_file()
    }
    broken = {
        image_id: fault for image_id, fault in unread.items() if image_id not in missing
    }
    differences = told((*shared.dataset.differences, *unread_images(broken)))
    measurements = tuple(
        _score_run(shared, run, outcome)
        for run, outcome in pairs
        if isinstance(outcome, Detected)
    )
    verdict, reason = verdict_of_row(
        measurements,
        dataset_differences=differences,
        limit=shared.labelled.limit,
    )
    if verdict is Verdict.NOT_JUDGED:
        reason = f"computed in {shared.device.precision}: no published number is of it"
    return Record(
        zoo=shared.zoo.name,
        row_id=row.row_id,
        verdict=verdict,
        reason=reason,
        measurements=measurements,
        archive=row.used,
        dataset=_dataset_used(shared, differences),
        protocol=_protocol(row),
        environment=replace(
            shared.environment, metric_engine=_metric_of(shared, row.row).engine_name()
        ),
        notes=told(
            (
                *shared.labelled.notes,
                *_notes(shared.zoo, row),
                *_runtime_notes(row, runtime_of(shared.device)),
            )
        ),
    )


def _score_run(
    shared: SharedPass, planned: PlannedRun, outcome: Detected
) -> Measurement:
    row = planned.row
    start_s = time.perf_counter()
    scores = _metric_of(shared, row).score(outcome.detections, shared.labelled.truth)
    score_wall_s = time.perf_counter() - start_s
    judged = judge_run(shared.zoo, row, scores)
    if judged.unscored:
        count = shared.labelled.image_count
        raise DatasetInvalid(
            f"{count} images hold nothing to score {', '.join(judged.unscored)} "
            "against",
            next_step="measure more of the dataset",
        )
    if shared.device.precision != FLOAT32:
        judged = replace(judged, judgements=())  # a deployment's AP proves no claim
    return Measurement(
        input_px=planned.asked.input_px,
        erratum=planned.asked.erratum,
        scores_pct=dict(scores),
        judgements=judged.judgements,
        verdict=judged.verdict,
        detections_sha256=outcome.detections.sha256(),
        detections_file=write_detections(shared.settings.records, outcome.detections),
        detection_count=len(outcome.detections.scores),
        store_key=planned.detector.key.digest(),
        replayed=outcome.replayed,
        detect_wall_s=outcome.wall_s,
        detect_cpu_s=outcome.cpu_s,
        score_wall_s=score_wall_s,
    )


def _metric_of(shared: SharedPass, row: Row) -> Metric:
    return metric_of(row.dataset, coco_engine=shared.settings.coco_engine)


def unread_images(faults: Mapping[int, str]) -> tuple[str, ...]:
    """Return one sentence about the images that could not be read; none for none."""
    if not faults:
        return ()
    reasons = [faults[image_id] for image_id in sorted(faults)]
    named = first_few(reasons, NAMED_IMAGES, joint="; ")
    return (f"{counted(len(reasons), 'image')} without detections: {named}",)


def told(texts: Sequence[str]) -> tuple[str, ...]:
    """Return what a record tells, printable: it names files and words of others."""
    return tuple(printable(one, longest_chars=LONGEST_PART_CHARS) for one in texts)


def _dataset_used(shared: SharedPass, differences: tuple[str, ...]) -> DatasetUsed:
    labelled = shared.labelled
    return DatasetUsed(
        name=shared.dataset.name,
        fingerprint=labelled.fingerprint,
        image_count=labelled.image_count,
        annotation_count=labelled.annotation_count,
        truth_sha256=labelled.truth.sha256(),
        truth_file=write_truth(shared.settings.records, labelled.truth),
        differences=differences,
        limit=labelled.limit,
    )


def _protocol(row: OpenedRow) -> Mapping[str, str]:
    quantisation = row.opened.quantisation
    return {
        **protocol_of_row(row.row),
        **({} if quantisation is None else quantisation.protocol()),
    }


def _notes(zoo: Zoo, row: OpenedRow) -> tuple[str, ...]:
    """Tell what is quantised, and what the files settled of errata."""
    quantisation, source = row.opened.quantisation, row.used.source
    notes = [] if quantisation is None else list(quantisation.notes(row.row.strategy))
    for erratum in zoo.errata_of(row.row_id):
        told = f"{erratum.erratum_id}: "
        if erratum.field == "strategy":
            notes.append(f"{told}the archive has the shapes of {row.opened.pruning}")
        corrected_name = erratum.corrected.rpartition("/")[2]
        if erratum.field == "url" and source.endswith(corrected_name):
            notes.append(f"{told}served from {source}")
    return tuple(notes)


def _runtime_notes(row: OpenedRow, runtime: Runtime) -> tuple[str, ...]:
    """Tell that a program's values ran in our network, where the runtime runs none."""
    if row.opened.program is None or runtime.runs_programs:
        return ()
    return ("the archive is a program: its values ran in our network",)


def refused_row(
    row: Row,
    error: Exception,
    *,
    opened: OpenedRow | None = None,
    settings: Settings | None = None,
) -> Record:
    """Return the record of a row that could not be measured.

    Args:
        row: the row.
        error: what stopped it; one that is no refusal is a fault of ours.
        opened: its archive, if that could be read.
        settings: where the traceback of such a fault is kept, and whether it is kept
            or the error raised; it is not kept without them.

    Raises:
        Exception: ``error``, if it is such a fault and the settings say ``debug``.
    """
    if isinstance(error, HarnessError):
        verdict, reason = Verdict(error.verdict), str(error)
    elif settings is not None and settings.debug:
        raise error
    else:
        verdict, reason = Verdict.ERRORED, f"{type(error).__name__}: {printable(error)}"
        path = None if settings is None else keep_traceback(settings, row, error)
        if path is not None:
            reason += f"; its traceback is in {path}"
    return Record(
        zoo=row.zoo,
        row_id=row.row_id,
        verdict=verdict,
        reason=reason,
        archive=None if opened is None else opened.used,
    )


def keep_traceback(settings: Settings, row: Row, error: Exception) -> Path | None:
    """Write ``errors/<row id>.txt`` below the records; return it if that worked."""
    path = settings.records / ERRORS / f"{row.row_id}.txt"
    text = "".join(traceback.format_exception(error))
    try:
        # A name that is no UTF-8 may stand in it.
        write_text(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))
    except (OSError, UsageError):  # the fault itself is still told
        return None
    return path
