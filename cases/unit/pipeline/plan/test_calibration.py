"""Seconds of this machine, measured and not judged."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.dataset.coco import open_coco
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.dataset.image import ImageEntry
from harness.model.boxes.face_looks import looked_at_px2
from harness.model.paddle_run.device import Device, open_device
from harness.pipeline.plan import calibration as timed
from harness.pipeline.plan.calibration import Calibration, Reading
from harness.registry.zoo import open_zoo

ROW = open_zoo("demo").rows[0]


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return Calibration(device=open_device(gpu=False))


def test_a_network_is_timed_once_per_size(
    calibration: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = calibration.forward_s(ROW, 64)
    monkeypatch.delattr(timed, "time_forward")

    assert first > 0
    assert calibration.forward_s(replace(ROW, row_id="another"), 64) == first


def test_images_that_are_there_are_read_and_a_broken_one_passed_over(
    calibration: Calibration, tmp_path: Path
) -> None:
    write_coco_scenes(tmp_path, seed=3, count=3)
    found = open_coco(tmp_path)
    found.images[1].path.write_bytes(b"broken")

    reading = Reading(row=ROW, sizes_px=(64, 96), images=found.images)
    assert calibration.reading_s(reading) > 0


def test_without_images_drawn_ones_are_read(calibration: Calibration) -> None:
    assert calibration.reading_s(Reading(row=ROW, sizes_px=(64,), images=())) > 0


def test_a_face_network_is_timed_at_a_usual_size(
    calibration: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def time_forward(row: object, device: object, **given: int) -> float:
        asked.extend((given["height_px"], given["width_px"]))
        return 1.0

    monkeypatch.setattr(timed, "time_forward", time_forward)
    row = next(one for one in open_zoo("january-2020").rows if one.dataset != "coco")
    face = replace(row, architecture="blazeface", backbone="lite", input_px=7)

    assert calibration.forward_s(replace(face, scales="single"), 7) == 1.0
    assert calibration.forward_s(face, 7) == pytest.approx(
        looked_at_px2(768, 1024) / 640**2
    )
    assert asked == [timed.USUAL_PX, timed.USUAL_PX]


def test_a_network_of_other_shapes_is_timed_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=timed.__name__)
    asked: list[tuple[str, object, object]] = []

    def time_forward(network: object, device: Device, **given: Any) -> float:
        asked.append((network, given["height_px"], device.optimise))
        assert given["height_px"] == given["width_px"]
        assert device == calibration.device
        return 0.25

    monkeypatch.setattr(timed, "time_forward", time_forward)
    monkeypatch.setattr(timed, "network_of_row", lambda row: row.row_id)
    device = Device(kind="cpu", model="a model", threads=2, optimise=False)
    calibration = Calibration(device=device)
    for changes in (
        {},
        {"width": 0.5},
        {"backbone": "resnet34"},
        {"strategy": "prune_r578"},
        {"num_classes": 9},
        {"dataset": "voc"},
    ):
        row = replace(ROW, row_id=str(changes), **changes)  # type: ignore[arg-type]
        assert calibration.forward_s(row, 64) == 0.25
    calibration.forward_s(ROW, 96)

    assert asked == [
        ("{}", 64, False),
        ("{'width': 0.5}", 64, False),
        ("{'backbone': 'resnet34'}", 64, False),
        ("{'strategy': 'prune_r578'}", 64, False),
        ("{'num_classes': 9}", 64, False),
        (ROW.row_id, 96, False),
    ]
    assert caplog.messages[0] == "{} timed on a model at 64 px: 0.2500 s an image"
    assert len(caplog.messages) == len(asked)


def test_what_is_read_is_the_first_images_of_the_set_in_every_size(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=timed.__name__)
    asked: list[tuple[int, list[int]]] = []

    def time_reading(paths: Any, views: Any) -> float:
        asked.append((len(paths), [view.input_px for view in views]))
        return 1.5

    monkeypatch.setattr(timed, "_time_reading", time_reading)
    image = ImageEntry(image_id=1, path=Path("1.png"), width_px=9, height_px=9)
    calibration = Calibration(device=Device(kind="cpu", model="m", threads=2))
    for images in ([image] * 9, [image] * 3, []):
        reading = Reading(row=ROW, sizes_px=(64, 96), images=images)
        assert calibration.reading_s(reading) == 1.5

    assert asked == [(8, [64, 96]), (3, [64, 96]), (8, [64, 96])]
    assert caplog.messages == [
        "reading of coco timed on 8 images",
        "reading of coco timed on 3 images",
        "reading of coco timed on 8 drawn images",
    ]


def test_the_seconds_of_reading_are_of_one_image(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock = iter([10.0, 16.0])
    monkeypatch.setattr(timed.time, "perf_counter", lambda: next(clock))
    write_coco_scenes(tmp_path, seed=3, count=3)
    images = open_coco(tmp_path).images
    calibration = Calibration(device=Device(kind="cpu", model="m", threads=2))

    reading = Reading(row=ROW, sizes_px=(64,), images=images)
    assert calibration.reading_s(reading) == 2.0


def test_the_environment_is_that_of_the_row_and_the_device() -> None:
    device = Device(kind="cpu", model="a model", threads=3, optimise=False)
    environment = Calibration(device=device).environment(ROW)

    assert (environment.device_model, environment.threads) == ("a model", 3)
    assert environment.graph_optimiser == "off"
    assert environment.decoder.startswith("opencv")
    assert "coco" in environment.metric_engine


def test_a_row_of_squares_is_looked_at_once_whatever_it_says_of_scales(
    calibration: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "time_forward", lambda *_, **__: 1.0)

    assert ROW.scales == "multi"  # the default, which is of faces
    assert calibration.forward_s(ROW, 128) == 1.0


def test_every_image_is_decoded_and_shown_in_every_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looked: list[tuple[str, int]] = []
    write_coco_scenes(tmp_path, seed=3, count=2)
    images = open_coco(tmp_path).images
    monkeypatch.setitem(timed.DECODERS, "opencv", lambda path: path.name)  # type: ignore[arg-type]
    monkeypatch.setattr(
        timed.Square, "look", lambda view, rgb: looked.append((rgb, view.input_px))
    )
    reading = Reading(row=ROW, sizes_px=(64, 96), images=images)
    Calibration(device=Device(kind="cpu", model="m", threads=2)).reading_s(reading)

    assert looked == [(one.path.name, px) for one in images for px in (64, 96)]
