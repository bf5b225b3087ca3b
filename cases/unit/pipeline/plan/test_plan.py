"""What a run will take, before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.artifact.cache_entry import SourceNote, entry_of, write_note
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.evaluate.store import PART_IMAGES, DetectionStore
from harness.model.paddle_run.device import Device
from harness.pipeline.measure.opened_dataset import open_dataset
from harness.pipeline.measure.planned_archive import PlannedArchive, planned_archive
from harness.pipeline.measure.run_keys import STORE, store_key
from harness.pipeline.measure.settings import Settings
from harness.pipeline.plan.calibration import Calibration, Reading
from harness.pipeline.plan.plan import PlannedPass, RunPlan, plan_rows
from harness.registry.zoo import open_zoo
from harness.values.datasets import KnownDataset
from harness.values.detections import ImageDetections, join_images
from harness.values.rows import Row

JANUARY, DEMO = open_zoo("january-2020"), open_zoo("demo")
COCO = [row for row in JANUARY.rows if row.dataset == "coco"]


class Timing(Calibration):
    """A calibration that times nothing."""

    def forward_s(self, _row: Row, input_px: int) -> float:
        return input_px / 1000

    def reading_s(self, _reading: Reading) -> float:
        return 0.25


def timing() -> Timing:
    return Timing(device=Device(kind="cpu", model="a model", threads=2))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    known: Mapping[str, KnownDataset] = {"coco": KnownDataset(image_count=5000)}
    return Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=None,
        known_datasets=known,
    )


def test_rows_of_one_archive_and_size_are_one_pass(settings: Settings) -> None:
    row = next(one for one in COCO if "prune_r578" in one.strategy)
    twin = replace(row, row_id="twin")

    plan = plan_rows(JANUARY, [row, twin], settings)

    (one,) = plan.passes
    assert one.row_ids == (row.row_id, "twin")
    assert (one.image_count, one.stored_count, one.forward_s) == (5000, 0, None)
    assert plan.forward_passes == 5000
    assert plan.minutes is None


def test_an_erratum_that_changes_the_run_is_another_pass(settings: Settings) -> None:
    row = COCO[0]

    plan = plan_rows(JANUARY, [row], settings, timing())

    assert [one.input_px for one in plan.passes] == [320, 608]
    assert plan.minutes == pytest.approx(5000 * (0.320 + 0.608 + 0.25) / 60)


def test_rows_that_this_version_cannot_measure_are_told(settings: Settings) -> None:
    row = replace(COCO[0], row_id="yolov3-resnet18", backbone="resnet18")

    plan = plan_rows(JANUARY, [*COCO, row], settings)

    assert list(plan.not_built) == [row.row_id]
    (told,) = plan.not_built.values()
    assert told.startswith("no network yolov3-resnet18 in this version")
    assert len(plan.rows) == len(COCO) == 20
    assert len(plan.archives) == 8


def test_an_archive_of_unknown_size_is_not_counted_as_nothing(
    settings: Settings,
) -> None:
    plan = plan_rows(JANUARY, COCO, settings)

    assert {(one.is_cached, one.size_bytes) for one in plan.archives} == {(False, None)}
    assert plan.download_bytes == 0


def test_a_dataset_that_is_not_here_is_counted_as_it_is_known(
    settings: Settings,
) -> None:
    cut = plan_rows(JANUARY, COCO, replace(settings, limit=10)).datasets[0]
    unknown = plan_rows(JANUARY, COCO, replace(settings, known_datasets={}), timing())

    assert (cut.is_there, cut.image_count, cut.image_bytes) == (False, 10, None)
    assert unknown.datasets[0].image_count is None
    assert unknown.forward_passes is None
    assert unknown.minutes is None


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn scenes, one part of the store and two more; not to be changed."""
    root = tmp_path_factory.mktemp("root")
    write_coco_scenes(root, seed=3, count=PART_IMAGES + 2)
    return root


def test_images_that_are_here_are_weighed(settings: Settings, data_root: Path) -> None:
    images = sorted((data_root / "coco" / "val2017").iterdir())
    cut = replace(settings, data_root=data_root, limit=4)

    (dataset,) = plan_rows(DEMO, DEMO.rows[:1], cut, timing()).datasets

    assert (dataset.is_there, dataset.image_count) == (True, 4)
    assert dataset.image_bytes == sum(one.stat().st_size for one in images[:4])


def test_what_the_store_has_is_not_computed_again(
    settings: Settings, data_root: Path
) -> None:
    settings = replace(settings, data_root=data_root)
    row, calibration = DEMO.rows[0], timing()
    digest = DEMO.archives[row.archive].sha256
    assert digest is not None
    key = store_key(
        row,
        input_px=row.input_px,
        archive_sha256=digest,
        dataset_fingerprint=_fingerprint(settings),
        environment=calibration.environment(row),
    )
    ids = list(range(1, PART_IMAGES + 3))
    none = ImageDetections(
        classes=np.zeros(0, np.int32),
        scores=np.zeros(0, np.float32),
        boxes_xyxy=np.zeros((0, 4), np.float32),
    )
    run = DetectionStore(settings.cache / STORE).open_run(key, ids)
    run.write_part(0, join_images(ids[:PART_IMAGES], [none] * PART_IMAGES), {})

    (kept,) = plan_rows(DEMO, [row], settings, calibration).passes
    (fresh,) = plan_rows(DEMO, [row], replace(settings, fresh=True), calibration).passes
    (untimed,) = plan_rows(DEMO, [row], settings).passes

    assert (kept.image_count, kept.stored_count) == (2, PART_IMAGES)
    assert (fresh.image_count, fresh.stored_count) == (PART_IMAGES + 2, 0)
    assert untimed.stored_count == 0


def _fingerprint(settings: Settings) -> str:
    return open_dataset("coco", settings).labelled.fingerprint


def test_an_image_is_read_once_for_all_detectors() -> None:
    def one_pass(input_px: int, images: int) -> PlannedPass:
        return PlannedPass(
            row_ids=("a",),
            dataset="coco",
            archive="x",
            input_px=input_px,
            image_count=images,
            stored_count=0,
            forward_s=0.5,
        )

    plan = RunPlan(
        rows=("a",),
        not_built={},
        archives=(),
        datasets=(),
        passes=(one_pass(320, 60), one_pass(608, 120)),
        reading_s={"coco": 1.0},
    )

    assert plan.forward_passes == 180
    assert plan.minutes == (180 * 0.5 + 120 * 1.0) / 60


def test_a_cached_archive_is_not_downloaded(tmp_path: Path) -> None:
    archive = DEMO.archives[DEMO.rows[0].archive]
    before = planned_archive(archive, tmp_path)
    entry = entry_of(archive, tmp_path.absolute())
    entry.folder.mkdir(parents=True)
    entry.path.write_bytes(b"123")
    write_note(entry, SourceNote(source="x", sha256="ab", size_bytes=3))
    after = planned_archive(archive, tmp_path)

    assert (before.is_cached, before.size_bytes) == (False, archive.size_bytes)
    assert before.sha256 == archive.sha256
    assert (after.is_cached, after.size_bytes, after.sha256) == (True, 3, "ab")


def pass_of(**changes: Any) -> PlannedPass:
    return replace(
        PlannedPass(
            row_ids=("a",),
            dataset="coco",
            archive="x",
            input_px=320,
            image_count=60,
            stored_count=0,
            forward_s=0.5,
        ),
        **changes,
    )


def plan_of(*passes: PlannedPass, **changes: Any) -> RunPlan:
    return replace(
        RunPlan(
            rows=("a",),
            not_built={},
            archives=(),
            datasets=(),
            passes=passes,
            reading_s={"coco": 1.0, "voc": 2.0},
        ),
        **changes,
    )


def test_the_images_of_each_dataset_are_read_once() -> None:
    plan = plan_of(
        pass_of(image_count=120), pass_of(), pass_of(dataset="voc", image_count=30)
    )

    assert plan.minutes == (210 * 0.5 + 120 * 1.0 + 30 * 2.0) / 60


@pytest.mark.parametrize("unknown", ["forward_s", "image_count"])
def test_a_plan_with_something_unknown_has_no_minutes(unknown: str) -> None:
    plan = plan_of(pass_of(), pass_of(**{unknown: None}))

    assert plan.minutes is None
    assert plan.forward_passes == (None if unknown == "image_count" else 120)


def test_what_is_in_the_cache_is_not_downloaded_again() -> None:
    archives = [
        PlannedArchive(name="a", is_cached=True, size_bytes=5, sha256=None),
        PlannedArchive(name="b", is_cached=False, size_bytes=7, sha256=None),
        PlannedArchive(name="c", is_cached=False, size_bytes=None, sha256=None),
    ]

    assert plan_of(archives=tuple(archives)).download_bytes == 7


def test_rows_of_another_dataset_archive_or_size_are_passes_of_their_own(
    settings: Settings,
) -> None:
    row = next(one for one in COCO if "prune_r578" in one.strategy)
    other = next(one.archive for one in COCO if one.archive != row.archive)
    rows = [
        row,
        replace(row, row_id="size", input_px=64),
        replace(row, row_id="archive", archive=other),
        replace(row, row_id="set", dataset="voc"),
    ]
    plan = plan_rows(JANUARY, rows, settings, timing())

    assert [one.row_ids for one in plan.passes] == [
        (row.row_id,),
        ("size",),
        ("archive",),
        ("set",),
    ]
    assert [one.name for one in plan.datasets] == ["coco", "voc"]
    assert [one.image_count for one in plan.datasets] == [5000, None]
    assert plan.reading_s == {"coco": 0.25, "voc": 0.25}


@pytest.mark.parametrize(("limit", "count"), [(10, 10), (4999, 4999), (6000, 5000)])
def test_a_limit_is_at_most_the_dataset(
    settings: Settings, limit: int, count: int
) -> None:
    plan = plan_rows(JANUARY, COCO, replace(settings, limit=limit))

    assert plan.datasets[0].image_count == count


def test_an_image_that_is_listed_and_not_there_weighs_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    write_coco_scenes(tmp_path, seed=3, count=2)
    images = sorted((tmp_path / "coco" / "val2017").iterdir())
    images[0].unlink()
    here = replace(settings, data_root=tmp_path)
    (dataset,) = plan_rows(DEMO, DEMO.rows[:1], here).datasets

    assert dataset.image_bytes == images[1].stat().st_size
    assert dataset.image_count == 2


def test_the_images_that_are_read_are_those_of_the_dataset_in_every_size(
    settings: Settings, data_root: Path
) -> None:
    asked: list[Reading] = []

    class Asking(Timing):
        def reading_s(self, reading: Reading) -> float:
            asked.append(reading)
            return 0.5

    calibration = Asking(device=Device(kind="cpu", model="a model", threads=2))
    rows = [row for row in DEMO.rows if row.dataset == "coco"]
    here = replace(settings, data_root=data_root, limit=4)
    plan = plan_rows(DEMO, rows, here, calibration)
    plan_rows(JANUARY, COCO[:1], settings, calibration)

    assert plan.reading_s == {"coco": 0.5}
    assert asked[0].row == rows[0]
    assert sorted(asked[0].sizes_px) == [160, 224]
    assert len(asked[0].images) == 4
    assert (asked[1].sizes_px, asked[1].images) == ((320, 608), ())


@pytest.mark.parametrize("lacks", ["note", "file"])
def test_an_archive_without_its_note_or_its_bytes_is_not_cached(
    tmp_path: Path, lacks: str
) -> None:
    archive = DEMO.archives[DEMO.rows[0].archive]
    entry = entry_of(archive, tmp_path.absolute())
    entry.folder.mkdir(parents=True)
    if lacks == "file":
        write_note(entry, SourceNote(source="x", sha256="ab", size_bytes=3))
    else:
        entry.path.write_bytes(b"123")

    assert not planned_archive(archive, tmp_path).is_cached
