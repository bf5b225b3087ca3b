"""What a run will take, before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.evaluate.store import PART_IMAGES, DetectionStore
from harness.model.paddle_run.device import Device
from harness.pipeline.measure.opened_dataset import open_dataset
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
    return open_dataset("coco", settings).found.fingerprint


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
