"""What a pass shows to the networks of its rows; no network computes here."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.dataset.image import ImageEntry
from harness.dataset.labelled import LabelledSet
from harness.dataset.views import Square
from harness.errors import DatasetMissing
from harness.evaluate.detector_run import Detected, Failed
from harness.evaluate.store import DetectionStore
from harness.model.paddle_run.device import Device
from harness.pipeline.measure import detected_rows
from harness.pipeline.measure.detected_rows import (
    SharedPass,
    detect_opened,
    open_pass,
)
from harness.pipeline.measure.environment import describe_environment
from harness.pipeline.measure.opened_dataset import OpenedDataset
from harness.pipeline.measure.opened_row import OpenedRow
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.values.detections import Detections
from harness.values.records import ArchiveUsed
from harness.values.rows import Row, Zoo

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
DEVICE = Device(kind="cpu", model="a processor", threads=1)
NOTHING = Detections(
    evaluated_ids=np.array([1, 2, 3], np.int64),
    image_ids=np.zeros(0, np.int64),
    classes=np.zeros(0, np.int32),
    scores=np.zeros(0, np.float32),
    boxes_xyxy=np.zeros((0, 4), np.float32),
)


@pytest.fixture
def shared(session_zoo: Zoo, tmp_path: Path) -> SharedPass:
    images = tuple(
        ImageEntry(image_id=one, path=tmp_path / f"{one}.png", width_px=8, height_px=8)
        for one in (1, 2, 3)
    )
    found = LabelledSet(
        images=images,
        truth=SimpleNamespace(),
        fingerprint="f" * 64,
        image_count=3,
        annotation_count=4,
        limit=None,
    )
    return SharedPass(
        zoo=session_zoo,
        settings=Settings(
            cache=tmp_path / "cache", records=tmp_path / "records", data_root=None
        ),
        dataset=OpenedDataset(name="coco", labelled=found, differences=()),  # type: ignore[arg-type]
        device=DEVICE,
        environment=describe_environment(DEVICE, dataset="coco", decoder="opencv"),
    )


def opened(row: Row, *, sha256: str = "a" * 64, network: str = "net") -> OpenedRow:
    return OpenedRow(
        row=row,
        opened=SimpleNamespace(network=network),  # type: ignore[arg-type]
        used=ArchiveUsed(
            name=row.archive,
            source="mirror",
            sha256=sha256,
            size_bytes=10,
            layout="separate_files",
            shape_plan="none",
        ),
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the detector's room is asked for; it finds nothing in any image."""
    asked: dict[str, Any] = {}

    def detect(images: Any, runs: Any, store: Any, **given: Any) -> list[Detected]:
        asked.update(images=images, runs=runs, store=store, **given)
        return [
            Detected(detections=NOTHING, computed_images=2, wall_s=1, cpu_s=1)
            for _ in runs
        ]

    monkeypatch.setattr(detected_rows, "detect", detect)
    return asked


def both(shared: SharedPass) -> list[OpenedRow]:
    return [opened(shared.zoo.row(one)) for one in (DOUBTED, PLAIN)]


def test_every_run_of_every_row_is_asked_for_in_order(
    shared: SharedPass, asked: dict[str, Any], tmp_path: Path
) -> None:
    store, fresh = DetectionStore(tmp_path / "store"), replace(shared.settings)
    rows = both(shared)
    pairs = detect_opened(replace(shared, settings=fresh), rows, store, Watcher())

    assert [
        (run.opened, run.asked.input_px, run.asked.erratum) for run, _ in pairs
    ] == [
        (rows[0], 320, None),
        (rows[0], 608, "E1"),
        (rows[1], 608, None),
    ]
    assert [run.detector for run, _ in pairs] == asked["runs"]
    assert [one.view for one in asked["runs"]] == [
        Square(input_px=px) for px in (320, 608, 608)
    ]
    keys = [one.key for one in asked["runs"]]
    assert [one.input_px for one in keys] == [320, 608, 608]
    assert {one.dataset_fingerprint for one in keys} == {"f" * 64}
    assert asked["images"] == shared.dataset.labelled.images
    assert asked["store"] is store
    assert asked["fresh"] is False


@pytest.mark.parametrize(("threads", "readers"), [(2, 1), (16, 4)])
def test_the_more_cores_the_more_batches_are_read_at_once(
    shared: SharedPass,
    asked: dict[str, Any],
    tmp_path: Path,
    threads: int,
    readers: int,
) -> None:
    device = replace(DEVICE, threads=threads)
    store = DetectionStore(tmp_path)
    detect_opened(replace(shared, device=device), both(shared), store, Watcher())

    assert asked["readers"] == readers


def test_what_is_asked_afresh_is_computed_afresh(
    shared: SharedPass, asked: dict[str, Any], tmp_path: Path
) -> None:
    fresh = replace(shared, settings=replace(shared.settings, fresh=True))
    detect_opened(fresh, both(shared), DetectionStore(tmp_path), Watcher())

    assert asked["fresh"] is True


def test_the_watcher_is_told_of_images_under_the_name_of_the_dataset(
    shared: SharedPass, asked: dict[str, Any], tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    watcher = Watcher(detecting=lambda *progress: told.append(progress))
    detect_opened(shared, both(shared), DetectionStore(tmp_path), watcher)
    asked["progress"](2, 3)

    assert told == [("coco", 2, 3)]


def test_a_signal_tells_of_each_row_what_all_of_its_runs_keep(
    shared: SharedPass, asked: dict[str, Any], tmp_path: Path
) -> None:
    told: list[tuple[str, int, int]] = []

    def stopped(row: Row, kept: int, total: int) -> None:
        told.append((row.row_id, kept, total))

    rows = [
        opened(shared.zoo.row(DOUBTED)),
        opened(shared.zoo.row(PLAIN), sha256="b" * 64),
    ]
    detect_opened(shared, rows, DetectionStore(tmp_path), Watcher(stopped=stopped))
    kept = {
        run.key.digest(): n for run, n in zip(asked["runs"], (3, 1, 2), strict=True)
    }
    asked["stopped"](kept)

    assert told == [(DOUBTED, 4, 6), (PLAIN, 2, 3)]


def test_a_fault_is_stored_without_the_places_of_this_machine(
    shared: SharedPass, asked: dict[str, Any], tmp_path: Path
) -> None:
    detect_opened(shared, both(shared), DetectionStore(tmp_path / "s"), Watcher())
    fault = f"{shared.settings.cache}/1.jpg: no image"

    assert asked["told_fault"](fault) == "<cache>/1.jpg: no image"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """The graphs that are opened, each with what computes it."""
    built: list[tuple[Any, Any]] = []

    def open_detectors(name: str, network: Any, by: Any) -> Callable[[Row, int], Any]:
        assert name == "yolov3"
        built.append((network, by))
        return lambda row, input_px: (row.row_id, input_px, len(built))

    monkeypatch.setattr(detected_rows, "open_detectors", open_detectors)
    return built


def test_a_graph_is_opened_once_for_the_largest_of_its_sizes(
    shared: SharedPass,
    asked: dict[str, Any],
    built: list[tuple[Any, Any]],
    tmp_path: Path,
) -> None:
    row = opened(shared.zoo.row(DOUBTED))
    detect_opened(shared, [row], DetectionStore(tmp_path), Watcher())
    assert built == []

    detectors = [run.open_detector() for run in asked["runs"]]
    assert detectors == [(DOUBTED, 320, 1), (DOUBTED, 608, 1)]
    ((network, by),) = built
    assert network is row.opened
    assert (by.largest_px, by.device) == (608, DEVICE)
    assert by.program_limits is shared.settings.program_limits


def test_what_an_archive_looks_like_is_told_to_the_watcher(
    shared: SharedPass, asked: dict[str, Any], built: list[tuple[Any, Any]]
) -> None:
    notes: list[str] = []

    detect_opened(
        shared,
        both(shared)[:1],
        DetectionStore(shared.settings.cache),
        Watcher(noting=notes.append),
    )
    asked["runs"][0].open_detector()
    built[0][1].noting("it looks untrained")

    assert notes == ["it looks untrained"]


@pytest.mark.parametrize(
    "other", [{"sha256": "b" * 64}, {"network": "other"}], ids=["archive", "network"]
)
def test_another_archive_or_network_has_a_graph_of_its_own(
    shared: SharedPass,
    asked: dict[str, Any],
    built: list[tuple[Any, Any]],
    tmp_path: Path,
    other: dict[str, str],
) -> None:
    row = shared.zoo.row(PLAIN)
    rows = [opened(row), opened(row, **other)]
    detect_opened(shared, rows, DetectionStore(tmp_path), Watcher())
    for run in asked["runs"]:
        run.open_detector()

    assert [network for network, _ in built] == [one.opened for one in rows]


def test_how_much_was_computed_and_replayed_is_logged(
    shared: SharedPass,
    asked: dict[str, Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger=detected_rows.__name__)
    rows = [opened(shared.zoo.row(PLAIN))]
    detect_opened(shared, rows, DetectionStore(tmp_path), Watcher())

    assert caplog.messages == [
        f"{PLAIN} at 608 px: 2 images computed, 1 replayed from the store"
    ]
    assert asked


def test_a_run_that_failed_is_logged_without_counts(
    shared: SharedPass,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO, logger=detected_rows.__name__)
    failed = Failed(error=RuntimeError("x"))
    monkeypatch.setattr(detected_rows, "detect", lambda *_, **__: [failed])
    rows = [opened(shared.zoo.row(PLAIN))]
    ((_, outcome),) = detect_opened(shared, rows, DetectionStore(tmp_path), Watcher())

    assert outcome is failed
    assert caplog.messages == [f"{PLAIN} at 608 px: not detected"]


def test_a_pass_is_opened_on_the_device_that_is_asked_for(
    shared: SharedPass,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger=detected_rows.__name__)
    asked: list[object] = []

    def open_device(runtime: str, *, gpu: bool, precision: str) -> Device:
        asked.append((runtime, gpu, precision))
        return replace(DEVICE, precision=precision)

    def open_dataset(
        name: str, settings: Settings, *, noting: Callable[[str], None]
    ) -> OpenedDataset:
        noting(f"{name} opened")
        return shared.dataset

    monkeypatch.setattr(detected_rows, "open_device", open_device)
    monkeypatch.setattr(detected_rows, "open_dataset", open_dataset)
    noted: list[str] = []
    settings = replace(shared.settings, runtime="torch", gpu=True, precision="bf16")
    row = shared.zoo.row(PLAIN)
    made = open_pass(shared.zoo, row, settings, Watcher(noting=noted.append))

    assert isinstance(made, SharedPass)
    assert (made.zoo, made.settings, made.dataset) == (
        shared.zoo,
        settings,
        shared.dataset,
    )
    assert asked == [("torch", True, "bf16")]
    assert noted == ["coco opened"]
    assert made.device.precision == made.environment.precision == "bf16"
    assert made.environment.decoder.startswith("opencv")
    (told,) = caplog.messages
    assert told.startswith("coco: 3 images on cpu (bf16), decoded by opencv")


def test_what_stops_every_row_is_returned_and_not_raised(shared: SharedPass) -> None:
    row = shared.zoo.row(PLAIN)
    error = open_pass(shared.zoo, row, shared.settings, Watcher())

    assert isinstance(error, DatasetMissing)
