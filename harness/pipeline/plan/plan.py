"""Plans a measurement: what it reads, downloads and computes, and how long it takes.

Nothing is downloaded, and no network runs on an image of the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import DatasetMissing, HarnessError
from harness.evaluate.store import DetectionStore
from harness.model.detectors.architectures import demand_row
from harness.pipeline.measure.opened_dataset import OpenedDataset, open_dataset
from harness.pipeline.measure.planned_archive import PlannedArchive, planned_archive
from harness.pipeline.measure.run_keys import STORE, store_key
from harness.pipeline.measure.settings import Settings
from harness.pipeline.plan.calibration import Calibration, Reading
from harness.values.rows import Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDataset:
    """What the rows will read."""

    name: str
    is_there: bool
    image_count: int | None  # with a limit, so many; None when it is not known
    image_bytes: int | None  # of those images; None when they are not there


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPass:
    """One detector over one dataset; rows that share it share its detections."""

    row_ids: tuple[str, ...]
    dataset: str
    archive: str
    input_px: int
    image_count: int | None  # to be detected on; None when it is not known
    stored_count: int  # whose detections are stored already
    forward_s: float | None  # of one image; None when it was not timed


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run over some rows will take."""

    rows: tuple[str, ...]
    not_built: Mapping[str, str]  # row -> why this version cannot measure it
    archives: tuple[PlannedArchive, ...]
    datasets: tuple[PlannedDataset, ...]
    passes: tuple[PlannedPass, ...]
    reading_s: Mapping[str, float]  # dataset -> of one image: decode and resize it

    @property
    def forward_passes(self) -> int | None:
        """Distinct detectors times images, without what is stored."""
        counts = [one.image_count for one in self.passes]
        known = [one for one in counts if one is not None]
        return sum(known) if len(known) == len(counts) else None

    @property
    def download_bytes(self) -> int:
        """Bytes of the archives that are to come, as far as they are known."""
        return sum(one.size_bytes or 0 for one in self.archives if not one.is_cached)

    @property
    def minutes(self) -> float | None:
        """Of detecting; None where something of it is not known."""
        seconds = 0.0
        longest: dict[str, int] = {}
        for one in self.passes:
            if one.forward_s is None or one.image_count is None:
                return None
            seconds += one.forward_s * one.image_count
            longest[one.dataset] = max(longest.get(one.dataset, 0), one.image_count)
        # An image is read once, however many detectors look at it.
        seconds += sum(self.reading_s[name] * count for name, count in longest.items())
        return seconds / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a plan is made from."""

    zoo: Zoo
    settings: Settings
    opened: Mapping[str, OpenedDataset | None]
    digests: Mapping[str, str | None]  # archive -> its SHA-256, where it is known
    calibration: Calibration | None


def plan_rows(
    zoo: Zoo,
    rows: Sequence[Row],
    settings: Settings,
    calibration: Calibration | None = None,
) -> RunPlan:
    """Return what measuring the rows will take.

    Args:
        zoo: the edition.
        rows: some of its rows.
        settings: those of the run.
        calibration: times this machine; nothing is timed without it.

    Raises:
        DatasetInvalid: a dataset is there and malformed.
        DeviceMissing: the calibration's device does not compute.
    """
    not_built: dict[str, str] = {}
    built: list[Row] = []
    for row in rows:
        try:
            demand_row(row)
        except HarnessError as refusal:
            not_built[row.row_id] = refusal.what
        else:
            built.append(row)
    archives = {row.archive: zoo.archives[row.archive] for row in built}
    planned = tuple(planned_archive(one, settings.cache) for one in archives.values())
    opened = {name: _open(name, settings) for name in _datasets(built)}
    asked = _Asked(
        zoo=zoo,
        settings=settings,
        opened=opened,
        digests={one.name: one.sha256 for one in planned},
        calibration=calibration,
    )
    return RunPlan(
        rows=tuple(row.row_id for row in built),
        not_built=not_built,
        archives=planned,
        datasets=tuple(
            _planned_dataset(name, one, settings) for name, one in opened.items()
        ),
        passes=_passes(built, asked),
        reading_s=_reading_s(built, asked),
    )


def _datasets(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.dataset for row in rows))


def _open(name: str, settings: Settings) -> OpenedDataset | None:
    try:
        return open_dataset(name, settings)
    except DatasetMissing:
        return None


def _planned_dataset(
    name: str, opened: OpenedDataset | None, settings: Settings
) -> PlannedDataset:
    image_bytes = None
    if opened is not None:
        paths = [one.path for one in opened.labelled.images]
        image_bytes = sum(one.stat().st_size for one in paths if one.is_file())
    return PlannedDataset(
        name=name,
        is_there=opened is not None,
        image_count=_image_count(name, opened, settings),
        image_bytes=image_bytes,
    )


def _image_count(
    name: str, opened: OpenedDataset | None, settings: Settings
) -> int | None:
    if opened is not None:
        return len(opened.labelled.images)
    known = settings.known_datasets.get(name)
    count = known.image_count if known is not None else None
    if count is None or settings.limit is None:
        return count
    return min(count, settings.limit)


def _passes(rows: Sequence[Row], asked: _Asked) -> tuple[PlannedPass, ...]:
    shared: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        for run in asked.zoo.runs_of(row):
            key = (row.dataset, row.archive, run.input_px)
            shared.setdefault(key, []).append(row)
    passes = []
    for (dataset, archive, input_px), together in shared.items():
        row, timing = together[0], asked.calibration
        count = _image_count(dataset, asked.opened[dataset], asked.settings)
        stored = _stored_count(row, input_px, asked)
        passes.append(
            PlannedPass(
                row_ids=tuple(one.row_id for one in together),
                dataset=dataset,
                archive=archive,
                input_px=input_px,
                image_count=None if count is None else count - stored,
                stored_count=stored,
                forward_s=None if timing is None else timing.forward_s(row, input_px),
            )
        )
    return tuple(passes)


def _stored_count(row: Row, input_px: int, asked: _Asked) -> int:
    """Return of how many images the store has the detections.

    Without a calibration nobody says what computes, and so not what is stored.
    """
    opened, digest = asked.opened[row.dataset], asked.digests[row.archive]
    if opened is None or digest is None or asked.calibration is None:
        return 0
    if asked.settings.fresh:
        return 0
    key = store_key(
        row,
        input_px=input_px,
        archive_sha256=digest,
        dataset_fingerprint=opened.labelled.fingerprint,
        environment=asked.calibration.environment(row),
    )
    image_ids = [one.image_id for one in opened.labelled.images]
    run = DetectionStore(asked.settings.cache / STORE).open_run(key, image_ids)
    missing = sum(len(run.part_image_ids(one)) for one in run.missing_parts())
    return len(image_ids) - missing


def _reading_s(rows: Sequence[Row], asked: _Asked) -> Mapping[str, float]:
    if asked.calibration is None:
        return {}
    seconds = {}
    for name, opened in asked.opened.items():
        mine = [row for row in rows if row.dataset == name]
        sizes = [run.input_px for row in mine for run in asked.zoo.runs_of(row)]
        seconds[name] = asked.calibration.reading_s(
            Reading(
                row=mine[0],
                sizes_px=tuple(dict.fromkeys(sizes)),
                images=opened.labelled.images if opened is not None else (),
            )
        )
    return seconds
