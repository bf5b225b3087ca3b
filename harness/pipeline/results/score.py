"""Scores result files made by any tool, and writes a record.

Metrics and records are those of a measured row. The score is judged only where a row
is named: by that row's claims.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import harness
from harness.compare.judged_run import judge_run
from harness.compare.verdict import verdict_of_judgements, verdict_of_row
from harness.errors import RecordInvalid, UsageError
from harness.evaluate.coco.engine_names import DEFAULT_ENGINE
from harness.evaluate.metrics import METRICS, Metric, metric_of
from harness.files.record_files import (
    read_record,
    write_detections,
    write_record,
    write_truth,
)
from harness.formats.table import FORMATS
from harness.pipeline.measure.environment import describe_making
from harness.pipeline.results.convention import ONE_WAY, Convention
from harness.pipeline.results.file_doubts import file_doubts
from harness.printable import printable
from harness.values.datasets import KnownDataset
from harness.values.detections import Results
from harness.values.records import (
    DatasetUsed,
    Environment,
    Judgement,
    Measurement,
    Record,
    Verdict,
)
from harness.values.rows import Row, Zoo
from harness.values.truth import Truth

#: Stands for the zoo in a record that is of none; also the name of its folder.
SCORED = "scored"
#: Stands where a record says what made the detections, and nobody told.
UNTOLD = "untold"

#: A file's name has 255 bytes; some are kept for ``.json`` and what is written beside.
LONGEST_NAME = 200

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The row whose claims detections are held to."""

    zoo: Zoo
    row: Row
    known: KnownDataset  # of the dataset that the claims were measured on


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What was read and what came of it."""

    results: Results
    record: Record
    path: Path  # of the record
    doubts: tuple[str, ...]  # what is likely wrong with the files, a sentence each


def score_file(
    dataset: str,
    path: Path,
    truth: Truth,
    *,
    records: Path,
    name: str = "",
    claimed: Claimed | None = None,
    coco_engine: str = DEFAULT_ENGINE,
    convention: Convention = ONE_WAY,
    passed_over: Collection[str] = (),
) -> Scored:
    """Score a result file (or folder) and write the record of it.

    Args:
        dataset: the word that rows use; says format and metric.
        path: the official result file of that dataset, or the folder of them.
        truth: the ground truth.
        records: the folder to write record, detections and truth into.
        name: what to call a record that is of no row; the file's stem when empty.
        claimed: whose claims to judge by; nobody's when not given.
        coco_engine: what scores COCO.
        convention: how it is scored, where there is a choice.
        passed_over: WIDER FACE images whose files may be there and do not count.

    Raises:
        UsageError: no such dataset, a name that names no file, a row of another
            dataset, one that was measured into that folder already, or a folder that
            cannot be written.
        DetectionsInvalid: the file is malformed, or of other images or classes.
        DatasetInvalid: there is nothing to score against.
    """
    demand_scorable(dataset)
    metric = metric_of(dataset, coco_engine=coco_engine, options=convention.options)
    row_id = claimed.row.row_id if claimed else _checked_name(name or path.stem)
    if claimed is not None:
        _check_claimed(dataset, claimed, records)
    if passed_over:
        results = FORMATS[dataset].read(path, truth, passed_over=passed_over)
    else:
        results = FORMATS[dataset].read(path, truth)
    start_s = time.perf_counter()
    scores = metric.score(results, truth)
    score_wall_s = time.perf_counter() - start_s
    doubts = file_doubts(path, results, truth, convention)
    used = DatasetUsed(
        name=dataset,
        fingerprint=truth.sha256(),  # of annotations alone: no image was read
        image_count=len(truth.image_ids),
        annotation_count=truth.annotation_count,
        truth_sha256=truth.sha256(),
        truth_file=write_truth(records, truth),
        differences=_differences(truth, claimed),
    )
    measurement = _measurement(results, scores, claimed, records, score_wall_s)
    verdict, reason = Verdict.NOT_JUDGED, "no claim to judge by"
    if claimed is not None:
        verdict, reason = verdict_of_row(
            (measurement,), dataset_differences=used.differences
        )
    record = Record(
        zoo=claimed.zoo.name if claimed else SCORED,
        row_id=row_id,
        verdict=verdict,
        reason=reason,
        measurements=(measurement,),
        dataset=used,
        protocol=convention.protocol,
        environment=_environment(metric),
        made=describe_making(),
        notes=(f"detections made elsewhere, read from {path.name}", *doubts),
    )
    written = write_record(records, record)
    return Scored(results=results, record=record, path=written, doubts=doubts)


def demand_scorable(dataset: str) -> None:
    """Refuse a dataset that has no official format or no metric here.

    Raises:
        UsageError: so it is.
    """
    known = [one for one in FORMATS if one in METRICS]
    if dataset not in known:
        raise UsageError(
            "dataset",
            expected=" or ".join(known),
            got=repr(dataset) if dataset else "nothing",
            next_step="give the word of a dataset",
        )


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            "name of the record",
            expected=f"up to {LONGEST_NAME} letters, digits and . _ + -",
            got=printable(repr(name), longest_chars=LONGEST_NAME),
            next_step="give --name NAME",
        )
    return name


def _check_claimed(dataset: str, claimed: Claimed, records: Path) -> None:
    row_id = claimed.row.row_id
    if claimed.row.dataset != dataset:
        raise UsageError(
            f"dataset of {row_id}",
            expected=claimed.row.dataset,
            got=dataset,
            next_step="give that dataset, or a row of this one",
        )
    path = records / f"{row_id}.json"
    if path.exists() and read_record(path).archive is not None:
        raise UsageError(
            f"{path} is of a measurement of the row's own archive",
            expected="a folder without it",
            next_step="give another --records DIR",
        )


def _differences(truth: Truth, claimed: Claimed | None) -> tuple[str, ...]:
    """Tell how the annotations differ from the published; images were not looked at."""
    if claimed is None:
        return ()
    read = {
        "image_count": len(truth.image_ids),
        "annotation_count": truth.annotation_count,
        "truth_sha256": truth.sha256(),
    }
    return tuple(map(str, claimed.known.unlike(read)))


def _measurement(
    results: Results,
    scores: Mapping[str, float],
    claimed: Claimed | None,
    records: Path,
    score_wall_s: float,
) -> Measurement:
    judgements: tuple[Judgement, ...] = ()
    if claimed is not None:
        judged = judge_run(claimed.zoo, claimed.row, scores)
        if judged.unscored:
            raise RecordInvalid(
                f"no score {judged.unscored[0]} to judge {claimed.row.row_id} by",
                got=", ".join(scores),
                next_step="score against the whole dataset",
            )
        judgements = judged.judgements
    return Measurement(
        input_px=claimed.row.input_px if claimed else 0,
        erratum=None,
        scores_pct=dict(scores),
        judgements=judgements,
        verdict=verdict_of_judgements(judgements) if claimed else Verdict.NOT_JUDGED,
        detections_sha256=results.sha256(),
        detections_file=write_detections(records, results),
        detection_count=len(results.scores),
        store_key="",
        replayed=False,
        detect_wall_s=0.0,
        detect_cpu_s=0.0,
        score_wall_s=score_wall_s,
    )


def _environment(metric: Metric) -> Environment:
    """Return what scored; nothing is known of what detected."""
    return Environment(
        harness=harness.__version__,
        python=platform.python_version(),
        paddle=UNTOLD,
        numpy=importlib.metadata.version("numpy"),
        decoder=UNTOLD,
        metric_engine=metric.engine_name(),
        device=UNTOLD,
        device_model=UNTOLD,
        threads=0,
        precision=UNTOLD,
        graph_optimiser=UNTOLD,
    )
