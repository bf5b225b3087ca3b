from pathlib import Path

import pytest

from harness.errors import RecordInvalid
from harness.files.precision_files import (
    precision_folder,
    read_precisions,
    read_speeds,
    write_speed,
)
from harness.values.records import SpeedRecord

SPEED = SpeedRecord(
    zoo="demo",
    row_id="yolov3-mobilenet_v1-coco-baseline-160",
    precision="bf16",
    instructions=("avx512_bf16",),
    device_model="a processor",
    threads=2,
    input_px=160,
    ms=1 / 3,
    float32_ms=0.25,
)


def test_float32_has_the_folder_itself_and_others_one_of_their_own(
    tmp_path: Path,
) -> None:
    assert precision_folder(tmp_path, "float32") == tmp_path
    assert precision_folder(tmp_path, "int8") == tmp_path / "precision" / "int8"


def test_a_speed_comes_back_unrounded(tmp_path: Path) -> None:
    path = write_speed(tmp_path, SPEED)

    assert path == tmp_path / "speed" / f"{SPEED.row_id}.json"
    assert read_speeds(tmp_path) == {SPEED.row_id: SPEED}


def test_a_folder_without_any_has_none(tmp_path: Path) -> None:
    assert read_precisions(tmp_path) == ()
    assert read_speeds(tmp_path) == {}


def test_the_precisions_of_a_folder_are_listed(tmp_path: Path) -> None:
    for one in ("int8", "bf16"):
        precision_folder(tmp_path, one).mkdir(parents=True)
    (tmp_path / "precision" / "note.txt").write_text("no folder", encoding="utf-8")

    assert read_precisions(tmp_path) == ("bf16", "int8")


def test_a_speed_named_for_another_row_is_refused(tmp_path: Path) -> None:
    path = write_speed(tmp_path, SPEED)
    path.rename(path.with_name("other.json"))

    with pytest.raises(RecordInvalid, match=r"other\.json: "):
        read_speeds(tmp_path)
