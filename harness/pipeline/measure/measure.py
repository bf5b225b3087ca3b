"""Rows in, records out: the main job, end to end.

The first row that is asked for measures every selected row of its dataset in one pass,
so that an image is read and decoded once; the others find their record made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.artifact.progress import Progress as BytesProgress
from harness.errors import UsageError
from harness.evaluate.detect import Detector, Outcome, Run, detect
from harness.evaluate.store import DetectionStore, StoreKey
from harness.files.precision_files import write_speed
from harness.files.record_files import write_record
from harness.model.detectors.architectures import demand_row
from harness.model.paddle_run.device import open_device
from harness.model.paddle_run.precision import FLOAT32, demand_strategy
from harness.pipeline.measure.architectures import (
    Computing,
    Detectors,
    open_detectors,
    view_of,
)
from harness.pipeline.measure.dataset_classes import classes_of, demand_classes
from harness.pipeline.measure.described_making import describe_making
from harness.pipeline.measure.environment import describe_environment
from harness.pipeline.measure.judged_row import (
    PlannedRun,
    SharedPass,
    judge_row,
    refused_row,
)
from harness.pipeline.measure.opened_dataset import open_dataset
from harness.pipeline.measure.opened_row import OpenedRow, open_row
from harness.pipeline.measure.run_keys import STORE, run_sizes, store_key
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.speed import time_row
from harness.pipeline.measure.told_places import places_of, tell, told_record
from harness.registry.datasets import KnownDataset
from harness.values.records import Record
from harness.values.rows import Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who is told how far a measurement is; every call is optional to heed."""

    fetching: Callable[[str], BytesProgress | None] = lambda name: None
    detecting: Callable[[str, int, int], None] = lambda name, done, total: None
    #: Of each row under way when a signal came: its images kept in the store, of all.
    stopped: Callable[[Row, int, int], None] = lambda row, kept, total: None
    noting: Callable[[str], None] = lambda line: None


@dataclass(slots=True, kw_only=True)
class Measurer:
    """Measures rows of one zoo under one set of settings; each row once."""

    zoo: Zoo
    selected: Sequence[Row]
    settings: Settings
    watcher: Watcher = field(default_factory=Watcher)
    _records: dict[str, Record] = field(default_factory=dict)

    def measure(self, row: Row) -> Record:
        """Return the record of a row, measured now or with an earlier one."""
        if row.row_id not in self._records:
            together = [
                one
                for one in self.selected
                if one.dataset == row.dataset
                and decoder_of(one) == decoder_of(row)
                and one.row_id not in self._records
            ]
            together = together if row in together else [row]
            for record in measure_rows(
                self.zoo, together, self.settings, watcher=self.watcher
            ):
                kept = self._keep(record)
                if kept.measurements and self.settings.precision != FLOAT32:
                    self._time(kept)
        return self._records[row.row_id]

    def _keep(self, record: Record) -> Record:
        """Write a record; one that cannot be written says so, and is not made again."""
        try:
            write_record(self.settings.records, record)
        except UsageError as refusal:
            refused = refused_row(self.zoo.row(record.row_id), refusal)
            record = told_record(refused, places_of(self.settings))
        self._records[record.row_id] = record
        return record

    def _time(self, record: Record) -> None:
        device = open_device(gpu=self.settings.gpu, precision=self.settings.precision)
        row = self.zoo.row(record.row_id)
        write_speed(self.settings.records, time_row(row, device))


def measure_rows(
    zoo: Zoo,
    rows: Sequence[Row],
    settings: Settings,
    *,
    watcher: Watcher | None = None,
) -> list[Record]:
    """Measure rows of one dataset in one pass over it; a record for each, in order.

    Their images are decoded in one way.

    What stops a row becomes its verdict and reason; it does not stop the others. The
    dataset and the device are looked for before any archive is downloaded.
    """
    watcher, made = watcher or Watcher(), describe_making()
    records: dict[str, Record] = {}
    opened: list[OpenedRow] = []
    shared: SharedPass | Exception | None = None
    for row in rows:
        try:
            demand_row(row)
            demand_strategy(settings.precision, row.strategy)
            shared = shared or open_pass(zoo, row, settings, watcher)
            if isinstance(shared, Exception):
                records[row.row_id] = refused_row(row, shared, folder=settings.records)
                continue
            known = settings.known_datasets.get(row.dataset, KnownDataset())
            demand_classes(shared.dataset.found, classes_of(row, known))
            progress = watcher.fetching(row.archive)
            opened.append(open_row(zoo, row, settings, progress=progress))
        except Exception as error:  # noqa: BLE001 - told as this row's verdict
            records[row.row_id] = refused_row(row, error, folder=settings.records)
    if opened and isinstance(shared, SharedPass):
        for record in _measure_opened(shared, opened, watcher):
            records[record.row_id] = record
    places = places_of(settings)
    return [
        told_record(replace(records[row.row_id], made=made), places) for row in rows
    ]


def decoder_of(row: Row) -> str:
    """Return what decodes the images for a row: key of DECODERS."""
    return view_of(row, row.input_px).decoder


def open_pass(
    zoo: Zoo, row: Row, settings: Settings, watcher: Watcher
) -> SharedPass | Exception:
    """Return what the rows share, or the error that stops them all."""
    try:
        found = open_dataset(row.dataset, settings, noting=watcher.noting)
        device = open_device(gpu=settings.gpu, precision=settings.precision)
        return SharedPass(
            zoo=zoo,
            settings=settings,
            dataset=found,
            device=device,
            environment=describe_environment(
                device, dataset=row.dataset, decoder=decoder_of(row)
            ),
        )
    except Exception as error:  # noqa: BLE001 - told as every row's verdict
        return error


def _measure_opened(
    shared: SharedPass, opened: Sequence[OpenedRow], watcher: Watcher
) -> Iterable[Record]:
    store = DetectionStore(shared.settings.cache / STORE)
    outcomes = detect_opened(shared, opened, store, watcher)
    for row in opened:
        pairs = [(one, outcome) for one, outcome in outcomes if one.row is row]
        try:
            yield judge_row(shared, row, pairs)
        except Exception as error:  # noqa: BLE001 - told as this row's verdict
            folder = shared.settings.records
            yield refused_row(row.row, error, opened=row, folder=folder)


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
        watcher: told how far it is.
    """
    graphs = _SharedGraphs(shared)
    planned = [one for row in opened for one in _plan_runs(shared, row, graphs)]
    name, places = shared.dataset.name, places_of(shared.settings)
    outcomes = detect(
        shared.dataset.found.images,
        [one.run for one in planned],
        store,
        fresh=shared.settings.fresh,
        progress=lambda done, total: watcher.detecting(name, done, total),
        stopped=lambda kept: _tell_stopped(shared, planned, kept, watcher),
        told_fault=lambda text: tell(text, places),
    )
    return list(zip(planned, outcomes, strict=True))


def _tell_stopped(
    shared: SharedPass,
    planned: Sequence[PlannedRun],
    kept: Mapping[str, int],
    watcher: Watcher,
) -> None:
    """Tell of each row how many images of its runs are kept, of how many."""
    image_count = len(shared.dataset.found.images)
    for row_id in dict.fromkeys(one.row.row.row_id for one in planned):
        runs = [one.run for one in planned if one.row.row.row_id == row_id]
        watcher.stopped(
            shared.zoo.row(row_id),
            sum(kept[run.key.digest()] for run in runs),
            len(runs) * image_count,
        )


class _SharedGraphs:
    """Opens each archive's graph once, when the first detector needs it."""

    def __init__(self, shared: SharedPass) -> None:
        self._shared = shared
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
            ),
        )


def _plan_runs(
    shared: SharedPass, row: OpenedRow, graphs: _SharedGraphs
) -> Iterable[PlannedRun]:
    for input_px, erratum in run_sizes(shared.zoo, row.row):
        yield PlannedRun(
            row=row,
            input_px=input_px,
            erratum=erratum,
            run=Run(
                key=_store_key(shared, row, input_px),
                view=view_of(row.row, input_px),
                open_detector=graphs.detector(row, input_px),
            ),
        )


def _store_key(shared: SharedPass, row: OpenedRow, input_px: int) -> StoreKey:
    return store_key(
        row.row,
        input_px=input_px,
        archive_sha256=row.used.sha256,
        dataset_fingerprint=shared.dataset.found.fingerprint,
        environment=shared.environment,
    )
