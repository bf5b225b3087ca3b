"""Shows the images of a dataset to the networks of several rows in one pass.

An image is read and decoded once. What the store holds is not computed again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.dataset.labelled import LabelledSet
from harness.evaluate.batches import count_readers
from harness.evaluate.detect import detect
from harness.evaluate.detector_run import Detected, Detector, DetectorRun, Outcome
from harness.evaluate.store import DetectionStore, StoreKey
from harness.model.machine.device import Device
from harness.model.runtimes.runtimes import open_device
from harness.pipeline.measure.architectures import (
    Computing,
    Detectors,
    open_detectors,
    view_of,
)
from harness.pipeline.measure.environment import describe_environment
from harness.pipeline.measure.opened_dataset import OpenedDataset, open_dataset
from harness.pipeline.measure.opened_row import OpenedRow
from harness.pipeline.measure.run_keys import store_key
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.told_places import places_of, tell
from harness.pipeline.measure.watcher import Watcher
from harness.values.records import Environment
from harness.values.rows import Row, Run, Zoo
from harness.values.truth import Truth

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPass:
    """What all rows of one pass over a dataset share."""

    zoo: Zoo
    settings: Settings
    dataset: OpenedDataset
    device: Device
    environment: Environment

    @property
    def labelled(self) -> LabelledSet[Truth]:
        """The images of the dataset and their ground truth."""
        return self.dataset.labelled


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One run of a row, and the detector that it takes."""

    opened: OpenedRow
    asked: Run
    detector: DetectorRun

    @property
    def row(self) -> Row:
        """The row as it is published."""
        return self.opened.row


def decoder_of(row: Row) -> str:
    """Return what decodes the images for a row: key of DECODERS."""
    return view_of(row, row.input_px).decoder


def open_pass(
    zoo: Zoo, row: Row, settings: Settings, watcher: Watcher
) -> SharedPass | Exception:
    """Return what the rows share, or the error that stops them all."""
    try:
        dataset = open_dataset(row.dataset, settings, noting=watcher.noting)
        device = open_device(
            settings.runtime, gpu=settings.gpu, precision=settings.precision
        )
        environment = describe_environment(
            device,
            dataset=row.dataset,
            decoder=decoder_of(row),
        )
    except Exception as error:  # noqa: BLE001 - told as every row's verdict
        return error
    LOGGER.info(
        "%s: %s images on %s (%s), decoded by %s",
        dataset.name,
        len(dataset.labelled.images),
        device.kind,
        device.precision,
        environment.decoder,
    )
    return SharedPass(
        zoo=zoo,
        settings=settings,
        dataset=dataset,
        device=device,
        environment=environment,
    )


def detect_opened(
    shared: SharedPass,
    opened: Sequence[OpenedRow],
    store: DetectionStore,
    watcher: Watcher,
) -> list[tuple[PlannedRun, Outcome]]:
    """Show the images of a pass to the networks of rows; return what each run found.

    Args:
        shared: the images and the device.
        opened: the rows.
        store: what it holds is not computed again, unless the settings say so.
        watcher: told how far it is, and which archive looks untrained.
    """
    graphs = _SharedGraphs(shared, watcher.noting)
    planned = [one for row in opened for one in _plan_runs(shared, row, graphs)]
    name, places = shared.dataset.name, places_of(shared.settings)
    outcomes = detect(
        shared.labelled.images,
        [one.detector for one in planned],
        store,
        fresh=shared.settings.fresh,
        readers=count_readers(shared.device.threads),
        progress=lambda done, total: watcher.detecting(name, done, total),
        stopped=lambda kept: _tell_stopped(shared, planned, kept, watcher),
        told_fault=lambda text: tell(text, places),
    )
    pairs = list(zip(planned, outcomes, strict=True))
    for run, outcome in pairs:
        _log_outcome(run, outcome)
    return pairs


def _log_outcome(run: PlannedRun, outcome: Outcome) -> None:
    row_id, input_px = run.row.row_id, run.asked.input_px
    if not isinstance(outcome, Detected):
        LOGGER.info("%s at %s px: not detected", row_id, input_px)
        return
    image_count = len(outcome.detections.evaluated_ids)
    LOGGER.info(
        "%s at %s px: %s images computed, %s replayed from the store",
        row_id,
        input_px,
        outcome.computed_images,
        image_count - outcome.computed_images,
    )


def _tell_stopped(
    shared: SharedPass,
    planned: Sequence[PlannedRun],
    kept: Mapping[str, int],
    watcher: Watcher,
) -> None:
    """Tell of each row how many images of its runs are kept, of how many."""
    image_count = len(shared.labelled.images)
    for row in {run.row.row_id: run.row for run in planned}.values():
        runs = [run for run in planned if run.row is row]
        watcher.stopped(
            row,
            sum(kept[run.detector.key.digest()] for run in runs),
            len(runs) * image_count,
        )


class _SharedGraphs:
    """Opens each archive's graph once, when the first detector needs it."""

    def __init__(self, shared: SharedPass, noting: Callable[[str], None]) -> None:
        self._shared = shared
        self._noting = noting
        self._detectors: dict[str, Detectors] = {}
        self._largest_px: dict[str, int] = {}

    def detector(self, row: OpenedRow, input_px: int) -> Callable[[], Detector]:
        key = f"{row.used.sha256} {row.opened.network}"
        self._largest_px[key] = max(input_px, self._largest_px.get(key, 0))

        def open_it() -> Detector:
            if key not in self._detectors:
                self._detectors[key] = self._open(row, self._largest_px[key])
            return self._detectors[key](row.row, input_px)

        return open_it

    def _open(self, row: OpenedRow, largest_px: int) -> Detectors:
        return open_detectors(
            row.row.architecture,
            row.opened,
            Computing(
                device=self._shared.device,
                program_limits=self._shared.settings.program_limits,
                largest_px=largest_px,
                noting=self._noting,
            ),
        )


def _plan_runs(
    shared: SharedPass, opened: OpenedRow, graphs: _SharedGraphs
) -> Iterable[PlannedRun]:
    for asked in shared.zoo.runs_of(opened.row):
        yield PlannedRun(
            opened=opened,
            asked=asked,
            detector=DetectorRun(
                key=key_of_run(shared, opened, asked.input_px),
                view=view_of(opened.row, asked.input_px),
                open_detector=graphs.detector(opened, asked.input_px),
            ),
        )


def key_of_run(shared: SharedPass, opened: OpenedRow, input_px: int) -> StoreKey:
    """Return the key under which the store keeps the detections of a run."""
    return store_key(
        opened.row,
        input_px=input_px,
        archive_sha256=opened.used.sha256,
        dataset_fingerprint=shared.labelled.fingerprint,
        environment=shared.environment,
    )
