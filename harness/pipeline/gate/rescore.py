"""Scores the stored detections of a record again, and compares its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from harness.errors import HarnessError, RecordInvalid
from harness.evaluate.metrics import METRICS, every_metric
from harness.files.record_files import read_detections, read_truth
from harness.model.detectors.architectures import protocol_of_row
from harness.pipeline.gate.finding import Finding, Rule, finding_of, refused
from harness.values.detections import Detections, Results
from harness.values.records import DatasetUsed, Measurement, Record
from harness.values.rows import METRICS_OF_DATASET, Row
from harness.values.truth import Truth

#: How far a recomputed score may lie from the stored one: the order of a float sum.
SAME_SCORE_PCT = 1e-9


def recheck_scores(row: Row, record: Record, folder: Path) -> Iterator[Finding]:
    """Yield stored arrays that are wrong, and scores that do not follow from them."""
    if row.dataset not in METRICS:
        yield refused(
            Rule.SCORE,
            row.row_id,
            f"no metric recomputes {row.dataset}",
            expected=" | ".join(METRICS),
        )
        return
    if record.dataset is None:
        return  # refused above
    try:
        truth = read_truth(folder, record.dataset.truth_file)
    except RecordInvalid as error:
        yield finding_of(Rule.TRUTH, row.row_id, error)
        return
    yield from _check_truth(row, record.dataset, truth)
    for measurement in record.measurements:
        try:
            detections = read_detections(folder, measurement.detections_file)
        except RecordInvalid as error:
            yield finding_of(Rule.DETECTIONS, row.row_id, error)
            continue
        yield from _check_detections(row, measurement, detections)
        try:
            scores = {
                metric.engine_name(): metric.score(detections, truth)
                for metric in every_metric(row.dataset)
            }
        except HarnessError as error:
            yield finding_of(Rule.SCORE, row.row_id, error)
            continue
        yield from _check_engines(row, measurement, scores)
        yield from _check_numbers(row, measurement, next(iter(scores.values())))


def _check_truth(row: Row, used: DatasetUsed, truth: Truth) -> Iterator[Finding]:
    for field, expected in (
        ("truth_sha256", truth.sha256()),
        ("image_count", len(truth.image_ids)),
        ("annotation_count", truth.annotation_count),
    ):
        got = getattr(used, field)
        if got != expected:
            yield refused(
                Rule.TRUTH,
                row.row_id,
                f"{field} is not that of {used.truth_file}",
                expected=expected,
                got=got,
            )


def _check_detections(
    row: Row, measurement: Measurement, detections: Detections | Results
) -> Iterator[Finding]:
    if not isinstance(detections, Detections):
        yield refused(
            Rule.DETECTIONS,
            row.row_id,
            f"{measurement.detections_file} holds a result file of another tool",
            expected="what the row's network found",
            got=type(detections).__name__,
        )
        return
    for field, expected, got in (
        ("detections_sha256", detections.sha256(), measurement.detections_sha256),
        ("detection_count", len(detections.image_ids), measurement.detection_count),
    ):
        if got != expected:
            yield refused(
                Rule.DETECTIONS,
                row.row_id,
                f"{field} is not that of {measurement.detections_file}",
                expected=expected,
                got=got,
            )
    yield from _check_limits(row, measurement, detections)


def _check_limits(
    row: Row, measurement: Measurement, detections: Detections
) -> Iterator[Finding]:
    """Yield detections beyond the protocol's ``keep_top_k`` and score threshold."""
    protocol = protocol_of_row(row)
    most_kept = int(protocol["keep_top_k"])
    lowest = np.float32(protocol["score_threshold"])
    counts = np.unique(detections.image_ids, return_counts=True)[1]
    most = int(counts.max(initial=0))
    if most > most_kept:
        yield _beyond(row, measurement, "detections of an image", most_kept, most)
    is_kept = (detections.scores >= lowest) & (detections.scores <= 1)  # NaN is neither
    if not is_kept.all():
        bad = float(detections.scores[~is_kept][0])
        expected = f"{protocol['score_threshold']} to 1"
        yield _beyond(row, measurement, "a score", expected, bad)


def _beyond(
    row: Row, measurement: Measurement, what: str, expected: object, got: object
) -> Finding:
    return refused(
        Rule.DETECTIONS,
        row.row_id,
        f"{what} at {measurement.input_px} px is beyond what the protocol keeps",
        expected=expected,
        got=got,
    )


def _check_engines(
    row: Row, measurement: Measurement, scores: Mapping[str, Mapping[str, float]]
) -> Iterator[Finding]:
    """Refuse an engine whose scores differ from the judge's, the first, by any bit."""
    (judge, judged), *others = scores.items()
    for engine, given in others:
        for key in sorted({*judged, *given}):
            expected, got = judged.get(key), given.get(key)
            if got != expected:
                yield refused(
                    Rule.ENGINE,
                    row.row_id,
                    f"{key} at {measurement.input_px} px is another by {engine}",
                    expected=f"{expected!r} as by {judge}",
                    got=repr(got),
                    next_step=f"do not score with {engine}: report the detections "
                    "that tell them apart",
                )


def _check_numbers(
    row: Row, measurement: Measurement, scores: Mapping[str, float]
) -> Iterator[Finding]:
    stored = measurement.scores_pct
    for metric in sorted({*stored, *METRICS_OF_DATASET[row.dataset]}):
        got, expected = stored.get(metric), scores.get(metric)
        if (
            got is None
            or expected is None
            or not math.isclose(got, expected, rel_tol=0, abs_tol=SAME_SCORE_PCT)
        ):
            yield refused(
                Rule.SCORE,
                row.row_id,
                f"{metric} at {measurement.input_px} px does not follow from the "
                "stored detections",
                expected="no such score" if expected is None else expected,
                got="none" if got is None else got,
            )
