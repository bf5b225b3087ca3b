"""Which parts are asked for, and whether they are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.pipeline.data.parts import data_parts, state_of, states_of

CHECKOUT = Path(__file__).parents[4]
VOC = "VOCdevkit/VOC2007"


def names(dataset: str = "all", split: str | None = None) -> list[str]:
    return [one.name for one in data_parts(CHECKOUT, dataset, split)]


def test_without_a_split_the_measured_one_is_meant() -> None:
    assert names("coco") == ["val2017", "annotations_val2017"]
    assert names("voc") == ["test2007"]
    assert names("widerface") == ["val", "split_val", "ground_truth"]
    assert len(names()) == 6


def test_a_split_or_all_of_them_can_be_asked_for() -> None:
    assert names("voc", "trainval") == ["trainval2007", "trainval2012"]
    assert len(names("voc", "all")) == 3
    assert len(names("all", "all")) == 12


@pytest.mark.parametrize(
    ("dataset", "split", "message"),
    [
        ("cows", None, "dataset; expected coco or voc or widerface, got cows"),
        ("voc", "val", "split of voc; expected test or trainval or all, got val"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    dataset: str, split: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        data_parts(CHECKOUT, dataset, split)


def test_files_of_a_folder_are_counted(tmp_path: Path) -> None:
    part = replace(data_parts(CHECKOUT, "coco")[0], files={"coco/val2017": 2})
    folder = tmp_path / "coco" / "val2017"

    assert state_of(part, tmp_path).missing == "no coco/val2017"
    folder.mkdir(parents=True)
    (folder / "1.jpg").touch()
    assert state_of(part, tmp_path).missing == "1 of 2 files in coco/val2017"
    (folder / "._1.jpg").touch()  # as macOS adds one beside each
    assert state_of(part, tmp_path).missing == "1 of 2 files in coco/val2017"
    (folder / "deeper").mkdir()
    (folder / "deeper" / "2.jpg").touch()
    assert state_of(part, tmp_path).is_present


def test_files_of_a_list_are_looked_for_one_by_one(tmp_path: Path) -> None:
    (part,) = data_parts(CHECKOUT, "voc")
    for name in ("ImageSets/Main/test.txt", "JPEGImages/7.jpg", "Annotations/7.xml"):
        (tmp_path / VOC / name).parent.mkdir(parents=True)
        (tmp_path / VOC / name).write_text("7\n")

    assert states_of([part], tmp_path)[0].is_present
    (tmp_path / VOC / "Annotations" / "7.xml").unlink()
    assert state_of(part, tmp_path).missing == (
        f"1 of 2 files, the first {VOC}/Annotations/7.xml"
    )
