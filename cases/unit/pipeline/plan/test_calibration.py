"""Seconds of this machine, measured and not judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.dataset.coco import open_coco
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.model.paddle_run.device import open_device
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
    assert calibration.forward_s(face, 7) == pytest.approx(12.7, rel=0.01)
    assert asked == [timed.USUAL_PX, timed.USUAL_PX]


def test_a_row_of_squares_is_looked_at_once_whatever_it_says_of_scales(
    calibration: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "time_forward", lambda *_, **__: 1.0)

    assert ROW.scales == "multi"  # the default, which is of faces
    assert calibration.forward_s(ROW, 128) == 1.0
