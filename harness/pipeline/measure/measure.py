"""Measures the rows of a zoo: the main job, end to end.

The first row that is asked for measures every selected row of its dataset in one pass,
so that an image is read and decoded once. The others find their record there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.artifact.transfer import Progress
from harness.errors import UsageError
from harness.evaluate.store import DetectionStore
from harness.files.precision_files import write_speed
from harness.files.record_files import write_record
from harness.model.detectors.architectures import demand_row, network_of_row
from harness.model.machine.device import Device
from harness.model.machine.precisions import FLOAT32
from harness.model.paddle_run.precision import demand_strategy
from harness.model.paddle_run.precision_time import time_precision
from harness.model.runtimes.runtimes import open_device
from harness.pipeline.measure.dataset_classes import classes_of, demand_classes
from harness.pipeline.measure.detected_rows import (
    SharedPass,
    decoder_of,
    detect_opened,
    open_pass,
)
from harness.pipeline.measure.environment import describe_making
from harness.pipeline.measure.judged_row import judge_row, refused_row
from harness.pipeline.measure.opened_row import OpenedRow, open_row
from harness.pipeline.measure.run_keys import STORE
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.told_places import places_of, told_record
from harness.pipeline.measure.watcher import Watcher
from harness.printable import printable
from harness.values.datasets import KnownDataset
from harness.values.records import Record, SpeedRecord
from harness.values.rows import Row, Zoo

LOGGER = logging.getLogger(__name__)

MS = 1000


class Opening(Protocol):
    """Opens the archive of a row, wherever it comes from."""

    def __call__(
        self, zoo: Zoo, row: Row, settings: Settings, *, progress: Progress | None
    ) -> OpenedRow:
        """Return the row with its network.

        Raises:
            HarnessError: it becomes the row's verdict.
        """
        ...


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
        if row.row_id in self._records:
            LOGGER.debug("%s: record kept from an earlier pass", row.row_id)
        else:
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
        row = self.zoo.row(record.row_id)
        kept = kept_record(row, record, self.settings)
        self._records[row.row_id] = kept
        return kept

    def _time(self, record: Record) -> None:
        device = open_device(
            self.settings.runtime,
            gpu=self.settings.gpu,
            precision=self.settings.precision,
        )
        row = self.zoo.row(record.row_id)
        write_speed(self.settings.records, time_row(row, device))


def kept_record(row: Row, record: Record, settings: Settings) -> Record:
    """Write a record and return it; one that cannot be written becomes its refusal."""
    try:
        path = write_record(settings.records, record)
    except UsageError as refusal:
        LOGGER.info("%s: record not written", record.row_id)
        return told_record(refused_row(row, refusal), places_of(settings))
    LOGGER.info("%s: record written to %s", record.row_id, path)
    return record


def time_row(row: Row, device: Device) -> SpeedRecord:
    """Return how fast the row's network is at its printed size, beside float32.

    Raises:
        ArchiveUnreadable: no network for the row in this version.
    """
    times = time_precision(
        network_of_row(row), device, height_px=row.input_px, width_px=row.input_px
    )
    return SpeedRecord(
        zoo=row.zoo,
        row_id=row.row_id,
        precision=device.precision,
        instructions=device.instructions,
        device_model=device.model,
        threads=device.threads,
        input_px=row.input_px,
        ms=times.precision_s * MS,
        float32_ms=times.float32_s * MS,
    )


def measure_rows(
    zoo: Zoo,
    rows: Sequence[Row],
    settings: Settings,
    *,
    watcher: Watcher | None = None,
    opening: Opening | None = None,
) -> list[Record]:
    """Measure rows of one dataset in one pass over it; a record for each, in order.

    Their images are decoded in one way.

    An error that stops a row becomes its verdict and reason, and stops no other row.
    Dataset and device are opened before any archive is downloaded.

    Args:
        zoo: has the rows' archives, claims and tolerance.
        rows: of one dataset.
        settings: where things are, and what computes.
        watcher: told how far it is.
        opening: gets a row's archive; the published one is fetched when not given.

    Raises:
        Exception: an error that is no refusal, if the settings say ``debug``.
    """
    watcher, made = watcher or Watcher(), describe_making()
    open_it = opening or open_row
    records: dict[str, Record] = {}
    opened: list[OpenedRow] = []
    shared: SharedPass | Exception | None = None
    for row in rows:
        try:
            demand_row(row)
            demand_strategy(settings.precision, row.strategy)
            shared = shared or open_pass(zoo, row, settings, watcher)
            if isinstance(shared, Exception):
                records[row.row_id] = refused_row(row, shared, settings=settings)
                continue
            known = settings.known_datasets.get(row.dataset, KnownDataset())
            demand_classes(shared.labelled, classes_of(row, known))
            progress = watcher.fetching(row.archive)
            opened.append(open_it(zoo, row, settings, progress=progress))
        except Exception as error:  # noqa: BLE001 - told as this row's verdict
            records[row.row_id] = refused_row(row, error, settings=settings)
    if opened and isinstance(shared, SharedPass):
        for record in _measure_opened(shared, opened, watcher):
            records[record.row_id] = record
    places = places_of(settings)
    told = [
        told_record(replace(records[row.row_id], made=made), places) for row in rows
    ]
    for record in told:
        LOGGER.info(
            "%s: %s %s", record.row_id, record.verdict.value, printable(record.reason)
        )
    return told


def _measure_opened(
    shared: SharedPass, opened: Sequence[OpenedRow], watcher: Watcher
) -> Iterable[Record]:
    store = DetectionStore(shared.settings.cache / STORE)
    outcomes = detect_opened(shared, opened, store, watcher)
    for row in opened:
        pairs = [(run, outcome) for run, outcome in outcomes if run.opened is row]
        try:
            yield judge_row(shared, row, pairs)
        except Exception as error:  # noqa: BLE001 - told as this row's verdict
            yield refused_row(row.row, error, opened=row, settings=shared.settings)
