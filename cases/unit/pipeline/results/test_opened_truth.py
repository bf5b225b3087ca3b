import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.dataset.datasets import DATASETS
from harness.errors import DatasetInvalid, DatasetMissing, UsageError
from harness.pipeline.results.opened_truth import class_names_beside, open_truth

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
    with pytest.raises(UsageError, match=r"dataset; expected .*, got nothing;"):
        open_truth("")


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
        UsageError, match="--truth for voc; expected a data root: its annotations"
    ):
        open_truth("voc", file=tmp_path / "a.xml")


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "loop"])
def test_annotations_that_cannot_be_read_are_a_refusal(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises((DatasetInvalid, DatasetMissing)):
        open_truth("coco", file=tmp_path / name)
    with pytest.raises((DatasetInvalid, UsageError)):
        open_truth("coco", data_root=tmp_path / name)


@pytest.mark.parametrize(("name", "got"), [("f", "a file"), ("no", "nothing there")])
def test_a_data_root_that_is_no_folder_is_a_usage_error(
    tmp_path: Path, name: str, got: str
) -> None:
    (tmp_path / "f").write_text("a file")

    with pytest.raises(
        UsageError,
        match=rf"^data root {tmp_path}/{name}; expected a folder that holds coco, "
        rf"VOCdevkit or WIDER_val, got {got}; "
        rf"give another --data-root DIR, or set ZOO_DATA_ROOT$",
    ):
        open_truth("voc", data_root=tmp_path / name)


def replace_truth(monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], Any]) -> None:
    monkeypatch.setitem(DATASETS, "voc", replace(DATASETS["voc"], truth=read))  # type: ignore[misc]


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "here/x")])
def test_a_folder_that_is_closed_is_named(
    error: OSError, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Path) -> Any:
        raise error

    replace_truth(monkeypatch, closed)

    with pytest.raises(
        DatasetInvalid, match=r"^here/x: cannot be read; got Permission denied; make it"
    ):
        open_truth("voc", data_root=root)


def test_a_name_with_a_nul_in_the_annotations_is_a_refusal(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named(data_root: Path) -> Any:
        return (data_root / "a\0.xml").read_bytes()

    replace_truth(monkeypatch, named)

    with pytest.raises(
        DatasetInvalid, match=r"names a file that cannot be; got .*; me"
    ):
        open_truth("voc", data_root=root)


def test_categories_are_named_by_the_annotations_that_were_opened(root: Path) -> None:
    file = root / "other.json"
    file.write_text(json.dumps(ANNOTATIONS | {"categories": [{"id": 8, "name": "x"}]}))

    assert class_names_beside("coco", data_root=root) == {"3": "3"}
    assert class_names_beside("coco", data_root=root, file=file) == {"8": "x"}


def test_classes_that_the_truth_names_are_not_named_again(root: Path) -> None:
    assert class_names_beside("voc", data_root=root) == {}
