"""Runs networks again on drawn images, and compares with the recorded detections.

This is the only part of the gate that looks at images. It runs the code that measures,
in a store of its own, so that nothing is replayed. The recorded detections are read
before the images are drawn: nobody could know which images would be asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import DatasetInvalid, HarnessError, RecordInvalid, WrongArchive
from harness.evaluate.detector_run import Failed
from harness.evaluate.store import DetectionStore
from harness.files.record_files import read_detections
from harness.files.temporary import temporary_folder
from harness.pipeline.gate.agreement import ON_PUBLISHED
from harness.pipeline.gate.finding import Finding, Rule, finding_of
from harness.pipeline.gate.partners import (
    LEAST_SCORE,
    NEAR_PX,
    NEAR_SCORE,
    find_partners,
    of_images,
)
from harness.pipeline.measure.detected_rows import (
    PlannedRun,
    SharedPass,
    detect_opened,
    open_pass,
)
from harness.pipeline.measure.opened_row import open_row
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.values.detections import Detections
from harness.values.records import INCOMPLETE, Record, Verdict
from harness.values.rows import Row, Zoo

LOGGER = logging.getLogger(__name__)

#: Share of detections that must have a partner, on either side.
LEAST_SHARE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """What is asked for when images are looked at again."""

    settings: Settings  # where data, archives and cache are, and what computes
    count: int  # images of each dataset, at most
    seed: int  # of the draw
    watcher: Watcher = field(default_factory=Watcher)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A row, and what its record says that each of its runs found."""

    row: Row
    record: Record
    runs: Mapping[str | None, Detections]  # by erratum


def check_sample(
    zoo: Zoo, records: Mapping[str, Record], folder: Path, sampling: Sampling
) -> Iterator[Finding]:
    """Yield rows whose network does not find again what their record says.

    A row passes when ``LEAST_SHARE`` of its recorded detections above ``LEAST_SCORE``
    have a partner among those found now, and the other way round: a detection that was
    removed counts as much as one that was added.

    A dataset, device or archive that is not here leaves the rows not looked at, which
    is incomplete; another one than the record's is a failure.

    Args:
        zoo: the edition.
        records: the measured ones, by row id.
        folder: where their detections are.
        sampling: how many images, by which seed, where they are.
    """
    held: dict[str, list[_Held]] = {}
    for row in zoo.rows:
        record = records.get(row.row_id)
        if record is not None and record.verdict in ON_PUBLISHED:
            try:
                recorded = _hold(row, record, folder)
            except RecordInvalid:
                continue  # refused by its own finding
            held.setdefault(row.dataset, []).append(recorded)
    for dataset, rows in held.items():
        settings = replace(sampling.settings, fresh=True, limit=None)
        shared = open_pass(zoo, rows[0].row, settings, Watcher())
        if isinstance(shared, Exception):
            for one in rows:
                yield _refusal(one.row, shared)
            continue
        drawn = draw_images(shared.labelled.truth.image_ids, dataset, sampling)
        LOGGER.info(
            "%s: %s images drawn by seed %s for %s rows",
            dataset,
            len(drawn),
            sampling.seed,
            len(rows),
        )
        yield from _check_dataset(_narrowed(shared, drawn), rows, drawn, sampling)


def draw_images(
    image_ids: NDArray[np.int64], dataset: str, sampling: Sampling
) -> NDArray[np.int64]:
    """Return the images of a dataset to look at; the same seed, the same images."""
    words = [sampling.seed, *dataset.encode()]
    count = min(sampling.count, len(image_ids))
    chosen = np.random.default_rng(words).choice(image_ids, count, replace=False)
    return np.sort(chosen)


def _hold(row: Row, record: Record, folder: Path) -> _Held:
    runs: dict[str | None, Detections] = {}
    for measurement in record.measurements:
        detections = read_detections(folder, measurement.detections_file)
        if not isinstance(detections, Detections):
            raise RecordInvalid("detections", expected="a network's own")
        detections.check()
        runs[measurement.erratum] = detections
    return _Held(row=row, record=record, runs=runs)


def _narrowed(shared: SharedPass, drawn: NDArray[np.int64]) -> SharedPass:
    """Return the pass over the drawn images alone; its fingerprint is the set's."""
    labelled, chosen = shared.labelled, set(drawn.tolist())
    images = tuple(one for one in labelled.images if one.image_id in chosen)
    narrowed = replace(labelled, images=images)
    return replace(shared, dataset=replace(shared.dataset, labelled=narrowed))


def _check_dataset(
    shared: SharedPass,
    rows: Sequence[_Held],
    drawn: NDArray[np.int64],
    sampling: Sampling,
) -> Iterator[Finding]:
    opened = []
    for one in rows:
        try:
            _demand_dataset(one.record, shared)
            ready = open_row(shared.zoo, one.row, shared.settings)
            _demand_archive(one.record, ready.used.sha256)
            opened.append(ready)
        except HarnessError as error:
            yield _refusal(one.row, error)
    with temporary_folder("sample") as folder:
        store = DetectionStore(folder)
        outcomes = detect_opened(shared, opened, store, sampling.watcher)
    by_row = {one.row.row_id: one for one in rows}
    for planned, outcome in outcomes:
        held, erratum = by_row[planned.row.row_id], planned.asked.erratum
        if isinstance(outcome, Failed):
            yield _refusal(held.row, outcome.error)
        elif erratum in held.runs:
            recorded = of_images(held.runs[erratum], drawn)
            yield from _compare(
                held.row, planned, recorded, outcome.detections, sampling
            )


def _demand_dataset(record: Record, shared: SharedPass) -> None:
    fingerprint = shared.labelled.fingerprint
    recorded = record.dataset.fingerprint if record.dataset else "null"
    if recorded != fingerprint:
        raise DatasetInvalid(
            "the dataset here is not that of the record",
            expected=recorded,
            got=fingerprint,
        )


def _demand_archive(record: Record, sha256: str) -> None:
    recorded = record.archive.sha256 if record.archive else "null"
    if recorded != sha256:
        raise WrongArchive(
            "the archive here is not that of the record", expected=recorded, got=sha256
        )


def _compare(
    row: Row,
    planned: PlannedRun,
    recorded: Detections,
    detected: Detections,
    sampling: Sampling,
) -> Iterator[Finding]:
    pairs = {
        "the record's detections are found again": find_partners(recorded, detected),
        "what is found is among the record's detections": find_partners(
            detected, recorded
        ),
    }
    for what, partners in pairs.items():
        if partners.share < LEAST_SHARE:
            image_count = len(detected.evaluated_ids)
            error = RecordInvalid(
                f"on {image_count} images drawn by seed {sampling.seed}, "
                f"at {planned.asked.input_px} px, {what} too seldom",
                expected=f"{LEAST_SHARE:.0%} of those above {LEAST_SCORE}, within "
                f"{NEAR_PX} px and {NEAR_SCORE}",
                got=f"{partners.with_partner} of {partners.of}",
                next_step="the detections are not this network's: measure the row "
                "again",
            )
            yield finding_of(Rule.SAMPLE, row.row_id, error)


def _refusal(row: Row, error: Exception) -> Finding:
    """Return the finding that a row could not be looked at again."""
    is_missing = (
        isinstance(error, HarnessError) and Verdict(error.verdict) in INCOMPLETE
    )
    refusal = RecordInvalid(
        "the row could not be looked at again",
        got=str(error) if isinstance(error, HarnessError) else repr(error),
        next_step="give --data-root and a device, or leave --sample out",
    )
    return finding_of(Rule.SAMPLE, row.row_id, refusal, fails=not is_missing)
