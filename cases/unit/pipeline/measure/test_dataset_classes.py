"""Counts and names of classes, of a dataset against a row's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.dataset.coco import ANNOTATIONS
from harness.dataset.datasets import DATASETS
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.dataset.drawn.scenes import CLASS_NAMES
from harness.dataset.drawn.voc_scenes import write_voc_scenes
from harness.dataset.labelled import LabelledSet
from harness.errors import DatasetInvalid, WrongDataset
from harness.pipeline.data.check import check_dataset
from harness.pipeline.data.pin import pin_dataset
from harness.pipeline.measure import detected_rows
from harness.pipeline.measure import measure as measure_module
from harness.pipeline.measure.dataset_classes import (
    Classes,
    class_faults,
    classes_of,
    demand_classes,
)
from harness.pipeline.measure.known_datasets import known_datasets
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.settings import Settings
from harness.registry.zoo import open_zoo
from harness.values.datasets import KnownDataset
from harness.values.records import Verdict
from harness.values.rows import Row, Zoo
from harness.values.truth import Truth

DEMO = Classes(count=5, names=CLASS_NAMES)
COCO = "yolov3-mobilenet_v1-coco-baseline-160"
VOC = "yolov3-mobilenet_v1-voc-baseline-160"


@pytest.fixture
def found(tmp_path: Path) -> LabelledSet[Truth]:
    write_coco_scenes(tmp_path, seed=3, count=2)
    return DATASETS["coco"].open(tmp_path)


@pytest.fixture(scope="module")
def demo(request: pytest.FixtureRequest) -> Zoo:
    return open_zoo("demo", home=request.config.rootpath)


def of_classes(found: LabelledSet[Truth], *names: str) -> LabelledSet[Truth]:
    return replace(found, class_names=names)


def change_categories(root: Path, change: Callable[[list[Any]], list[Any]]) -> None:
    data = json.loads((root / ANNOTATIONS).read_text())
    data["categories"] = change(data["categories"])
    (root / ANNOTATIONS).write_text(json.dumps(data))


def test_the_classes_of_a_set_are_in_the_order_of_their_ids(
    found: LabelledSet[Truth], tmp_path: Path
) -> None:
    change_categories(tmp_path, lambda categories: categories[::-1])

    assert found.class_names == CLASS_NAMES
    assert DATASETS["coco"].open(tmp_path).class_names == CLASS_NAMES


def test_the_same_classes_are_let_through(found: LabelledSet[Truth]) -> None:
    demand_classes(found, DEMO)
    demand_classes(found, Classes(count=5, names=None))


def test_a_set_of_faces_has_no_classes_to_compare(found: LabelledSet[Truth]) -> None:
    demand_classes(of_classes(found), Classes(count=2, names=None))


def test_a_class_without_a_name_is_only_counted(found: LabelledSet[Truth]) -> None:
    demand_classes(of_classes(found, "disc", "", "triangle", "", ""), DEMO)


@pytest.mark.parametrize(
    ("names", "known", "expected"),
    [
        (
            ("background", *CLASS_NAMES),
            CLASS_NAMES,
            (
                "^the dataset has another number of classes than the row; "
                "expected 5 classes: disc, box, triangle, ring, cross, "
                "got 6 classes: background, disc, box, triangle, ring, cross; "
                "take 'background' out of the dataset's classes"
            ),
        ),
        (
            CLASS_NAMES[:-1],
            None,
            (
                "expected 5 classes, got 4 classes: disc, box, triangle, ring; give "
                "the dataset that the row was trained for, or correct its num_classes"
            ),
        ),
        (
            ("disc", "triangle", "box", "ring", "cross"),
            CLASS_NAMES,
            (
                "^class 1 of the dataset is another than the row's; expected 5 classes:"
                " disc, box, .*, got 5 classes: disc, triangle, .*; put .* row's order"
            ),
        ),
        (
            ("disc", "box", "triangle", "ring", "star"),
            CLASS_NAMES,
            "^class 4 of the dataset is another .*; give the dataset that",
        ),
        (
            ("", "disc", "", "", "", ""),
            None,
            "got 6 classes: without a name, disc, without",
        ),
        (("",) * 6, None, "expected 5 classes, got 6 classes; give"),
    ],
)
def test_other_classes_are_refused_with_both_lists(
    found: LabelledSet[Truth],
    names: tuple[str, ...],
    known: tuple[str, ...] | None,
    expected: str,
) -> None:
    with pytest.raises(WrongDataset, match=expected):
        demand_classes(of_classes(found, *names), Classes(count=5, names=known))


def test_known_names_are_not_asked_of_a_row_of_another_count(demo: Zoo) -> None:
    known = KnownDataset(class_names=CLASS_NAMES)
    row = demo.row(COCO)

    assert classes_of(row, known) == DEMO
    assert classes_of(replace(row, num_classes=80), known).names is None


def test_each_fault_says_for_how_many_rows(
    found: LabelledSet[Truth], demo: Zoo
) -> None:
    row = demo.row(COCO)
    rows = [row, replace(row, num_classes=6), replace(row, num_classes=6)]

    (fault,) = class_faults(found, rows, KnownDataset())

    assert fault.startswith("for 2 of 3 rows: the dataset has another number")


def test_every_published_row_has_the_classes_of_its_dataset(
    request: pytest.FixtureRequest,
) -> None:
    """The lists of ``expected/datasets.toml`` are those that the rows count."""
    home = request.config.rootpath
    for name in ("january-2020", "march-2020", "demo"):
        zoo = open_zoo(name, home=home)
        known = known_datasets(zoo, home)
        counts = {
            row.dataset: len(classes_of(row, known[row.dataset]).names or ())
            for row in zoo.rows
        }
        drawn = (5, 5) if name == "demo" else (80, 20)
        assert (counts["coco"], counts["voc"]) == drawn


@pytest.fixture
def settings(request: pytest.FixtureRequest, demo: Zoo, tmp_path: Path) -> Settings:
    root = tmp_path / "root"
    write_coco_scenes(root, seed=3, count=2)
    write_voc_scenes(root, seed=3, count=2)
    known = known_datasets(demo, request.config.rootpath)
    return Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=root,
        mirror=str(demo.root / "archives"),
        known_datasets={
            name: replace(one, fingerprint=None) for name, one in known.items()
        },
    )


def with_placeholder(settings: Settings) -> None:
    """Put a class in front of both lists, as other tools do."""
    root = settings.data_root or Path()
    change_categories(root, lambda old: [{"id": 0, "name": "none"}, *old])
    labels = root / "VOCdevkit" / "label_list.txt"
    labels.write_text("background\n" + labels.read_text())


def nothing_to_do(*_: object, **__: object) -> None:
    pytest.fail("an archive was opened, or an image looked at")


@pytest.mark.parametrize("row_id", [COCO, VOC])
def test_a_class_in_front_is_told_before_anything_is_detected(
    settings: Settings, demo: Zoo, row_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_placeholder(settings)
    monkeypatch.setattr(measure_module, "open_row", nothing_to_do)
    monkeypatch.setattr(detected_rows, "detect", nothing_to_do)

    (record,) = measure_rows(demo, [demo.row(row_id)], settings)

    assert (record.verdict, record.measurements) == (Verdict.WRONG_DATASET, ())
    assert "expected 5 classes: disc, box, triangle, ring, cross" in record.reason
    assert "got 6 classes: " in record.reason


def test_rows_of_the_dataset_s_classes_are_measured_beside_one_of_others(
    settings: Settings, demo: Zoo
) -> None:
    row: Row = demo.row(COCO)
    other = replace(row, row_id=f"{COCO}-other", num_classes=6)
    zoo = replace(
        demo,
        rows=(*demo.rows, other),
        claims={**demo.claims, other.row_id: demo.claims[COCO]},
    )

    wrong, right = measure_rows(zoo, [other, row], settings)

    assert wrong.verdict is Verdict.WRONG_DATASET
    assert len(right.measurements) == 1


@pytest.mark.parametrize("dataset", ["coco", "voc"])
def test_checking_names_other_classes_as_a_fault(
    settings: Settings, demo: Zoo, dataset: str
) -> None:
    right = check_dataset(dataset, settings, rows=demo.rows)
    with_placeholder(settings)
    wrong = check_dataset(dataset, settings, rows=demo.rows)

    assert right.faults == ()
    assert not wrong.is_sound
    (fault,) = wrong.faults
    assert "got 6 classes" in fault


def test_a_set_of_other_classes_is_not_pinned(
    settings: Settings, demo: Zoo, tmp_path: Path
) -> None:
    with_placeholder(settings)

    with pytest.raises(DatasetInvalid, match="another number of classes"):
        pin_dataset("coco", settings, tmp_path, rows=demo.rows)
    assert not (tmp_path / "expected").exists()
