"""The demo's rows of other datasets than COCO must be able to fail."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.dataset.drawn.voc_scenes import write_voc_scenes
from harness.dataset.drawn.widerface_scenes import write_widerface_scenes
from harness.evaluate.metrics import METRICS
from harness.model.boxes import face_finding
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.settings import Settings
from harness.registry.zoo import open_zoo
from harness.values.records import Record, Verdict

FACES = "blazeface-nas-widerface-baseline-160"
VOC = "yolov3-mobilenet_v1-voc-baseline-160"
IMAGES = 24

MeasureRow = Callable[[str], Record]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a few drawn images of each dataset."""
    root = tmp_path_factory.mktemp("scenes")
    write_voc_scenes(root, seed=5, count=IMAGES)
    write_widerface_scenes(root, seed=5, count=IMAGES)
    return root


@pytest.fixture
def measure(request: pytest.FixtureRequest, scenes: Path, tmp_path: Path) -> MeasureRow:
    demo = open_zoo("demo", home=request.config.rootpath)
    settings = Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=scenes,
        mirror=str(demo.root / "archives"),
        fresh=True,
    )

    def measure_row(row_id: str) -> Record:
        (record,) = measure_rows(demo, [demo.row(row_id)], settings)
        return record

    return measure_row


def scores_of(record: Record) -> Mapping[str, float]:
    return record.measurements[0].scores_pct


def test_faces_are_found_looked_at_once(measure: MeasureRow) -> None:
    record = measure(FACES)

    assert scores_of(record)["easy"] > 90
    assert scores_of(record)["hard"] > 80
    assert record.protocol["scales"] == "single: the base scale, at most 1"
    assert record.environment is not None
    assert record.environment.decoder.startswith("pillow ")
    assert record.environment.metric_engine.startswith("harness widerface")


def test_faces_fed_red_first_are_lower(
    measure: MeasureRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = face_finding.normalise_faces

    def swapped(images_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        return right(images_rgb[..., ::-1])

    monkeypatch.setattr(face_finding, "normalise_faces", swapped)

    record = measure(FACES)

    assert record.verdict is Verdict.LOWER
    assert scores_of(record)["easy"] < 50


def test_objects_of_voc_are_found_in_a_combined_file(measure: MeasureRow) -> None:
    record = measure(VOC)

    assert scores_of(record)["box_ap"] > 75
    assert record.archive is not None
    assert record.archive.layout == "combined_file"
    assert record.dataset is not None
    assert record.dataset.annotation_count > 0


def test_classes_of_voc_shifted_by_one_are_lower(
    measure: MeasureRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    metric = METRICS["voc"]

    def shifted(found: object, truth: object) -> Mapping[str, float]:
        classes = (found.classes + 1) % 5  # type: ignore[attr-defined]
        arrays = {**found.arrays(), "classes": classes}  # type: ignore[attr-defined]
        return metric.scorer(type(found)(**arrays), truth)

    monkeypatch.setitem(METRICS, "voc", replace(metric, scorer=shifted))  # type: ignore[misc]

    record = measure(VOC)

    assert record.verdict is Verdict.LOWER
    assert scores_of(record)["box_ap"] < 20
