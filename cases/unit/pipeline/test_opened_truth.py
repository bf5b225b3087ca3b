import json
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.pipeline.opened_truth import open_truth

ANNOTATIONS = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}],
    "categories": [{"id": 3}],
    "annotations": [],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "coco" / "annotations" / "instances_val2017.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(ANNOTATIONS))
    return tmp_path


def test_truth_is_found_under_a_data_root_or_in_a_file(root: Path) -> None:
    file = root / "coco" / "annotations" / "instances_val2017.json"
    one, other = open_truth("coco", data_root=root), open_truth("coco", file=file)

    assert one.sha256() == other.sha256()
    assert one.image_ids.tolist() == [1]


def test_a_file_comes_before_a_data_root(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(ANNOTATIONS | {"categories": [{"id": 8}]}))

    truth = open_truth("coco", data_root=root, file=other)

    assert truth.arrays()["category_ids"].tolist() == [8]


def test_an_unknown_dataset_is_refused() -> None:
    with pytest.raises(
        UsageError, match="dataset; expected coco or voc or widerface, got 'kitti'"
    ):
        open_truth("kitti")


def test_no_place_to_look_in_says_what_to_give() -> None:
    with pytest.raises(
        UsageError,
        match=r"no annotations of coco .*ZOO_DATA_ROOT, or give --truth FILE",
    ):
        open_truth("coco")
    with pytest.raises(UsageError, match=r"no annotations of voc .*ZOO_DATA_ROOT$"):
        open_truth("voc")


def test_a_dataset_of_many_annotation_files_has_no_truth_file(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match="--truth for voc; expected --data-root DIR: its annotations"
    ):
        open_truth("voc", file=tmp_path / "a.xml")
