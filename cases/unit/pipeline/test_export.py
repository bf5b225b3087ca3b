from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.detections import Detections
from harness.errors import UsageError
from harness.evaluate.metrics import METRICS
from harness.formats.table import FORMATS
from harness.pipeline.export import export
from harness.pipeline.score import score_file
from harness.pipeline.stored_run import StoredRun, read_run
from harness.truth import CocoTruth, FaceTruth, Truth, VocTruth

IDS = np.array([0, 1, 2, 3])
BOXES = np.array(
    [[10.0, 12, 60, 70], [80, 5, 120, 90], [3, 40, 50, 88], [9, 9, 99, 99]]
)


def truth_of(dataset: str) -> Truth:
    if dataset == "coco":
        boxes = np.hstack([BOXES[:, :2], BOXES[:, 2:] - BOXES[:, :2]])
        return CocoTruth(
            image_ids=IDS,
            category_ids=np.array([4, 9]),
            box_image_ids=np.array([0, 0, 1, 3]),
            box_category_ids=np.array([4, 9, 4, 9]),
            boxes_xywh=boxes,
            areas_px2=boxes[:, 2] * boxes[:, 3],
            is_crowd=np.zeros(4, np.bool_),
        )
    if dataset == "voc":
        return VocTruth(
            image_ids=IDS,
            image_names=np.array([f"{one:06d}" for one in IDS]),
            sizes_wh=np.full((4, 2), 200),
            class_names=np.array(["cat", "dog"]),
            box_image_ids=np.array([0, 0, 1, 3]),
            box_classes=np.array([0, 1, 0, 1], np.int32),
            boxes_xyxy=BOXES,
            is_difficult=np.array([False, False, False, True]),
        )
    return FaceTruth(
        image_ids=IDS,
        image_names=np.array([f"{one}--Event/{one}" for one in IDS]),
        box_image_ids=np.array([0, 0, 1, 3]),
        boxes_xywh=np.hstack([BOXES[:, :2], BOXES[:, 2:] - BOXES[:, :2]]),
        is_easy=np.array([True, False, False, True]),
        is_medium=np.array([True, True, False, True]),
        is_hard=np.ones(4, np.bool_),
    )


def run_of(dataset: str) -> StoredRun:
    """Detections near the truth with more digits than any format prints."""
    rng = np.random.default_rng(1)
    source = rng.integers(0, 4, 40)
    return StoredRun(
        name="ours",
        dataset=dataset,
        found=Detections(
            evaluated_ids=IDS,
            image_ids=np.array([0, 0, 1, 3])[source],
            classes=np.array([0, 1, 0, 1], np.int32)[source] * (dataset != "widerface"),
            scores=rng.random(40).astype(np.float32),
            boxes_xyxy=(BOXES[source] + np.tile(rng.normal(0, 9, (40, 2)), 2)).astype(
                np.float32
            ),
        ),
        truth=truth_of(dataset),
    )


def content(path: Path) -> Any:
    if path.is_file():
        return path.read_bytes()
    return {
        str(one.relative_to(path)): one.read_bytes()
        for one in sorted(path.rglob("*"))
        if one.is_file()
    }


@pytest.mark.parametrize("dataset", FORMATS)
def test_an_export_scored_again_gives_the_same_bits(
    dataset: str, tmp_path: Path
) -> None:
    run = run_of(dataset)
    path = export(run, tmp_path / f"ours{FORMATS[dataset].suffix}")
    made = score_file(dataset, path, run.truth, records=tmp_path / "out", name="x")
    expected = METRICS[dataset].score(run.found, run.truth)
    again = export(read_run(made.path), tmp_path / "again.json", word=dataset)

    assert dict(made.record.measurements[0].scores_pct) == dict(expected)
    assert any(0 < value < 100 for value in expected.values())
    assert content(again) == content(path)


@pytest.mark.parametrize("dataset", FORMATS)
def test_what_is_there_is_replaced_only_by_force(dataset: str, tmp_path: Path) -> None:
    run, path = run_of(dataset), tmp_path / "there"
    export(run, path)
    whole = content(path)
    (path if path.is_file() else path / "extra.txt").write_text("theirs")
    theirs = content(path)

    with pytest.raises(
        UsageError, match="there is there already; expected a new name; give another "
    ):
        export(run, path)
    assert content(path) == theirs
    export(run, path, force=True)
    assert content(path) == whole
    assert [one.name for one in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("dataset", FORMATS)
def test_a_file_is_not_replaced_by_a_folder_nor_the_reverse(
    dataset: str, tmp_path: Path
) -> None:
    path = tmp_path / "there"
    if FORMATS[dataset].is_folder:
        path.touch()
    else:
        path.mkdir()

    with pytest.raises(UsageError, match="there cannot be replaced; expected a f"):
        export(run_of(dataset), path, force=True)


def test_an_export_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, path = run_of("voc"), tmp_path / "there"
    export(run, path)
    before = content(path)
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("x")))

    with pytest.raises(OSError, match=r"full|x"):
        export(run, path, force=True)
    assert content(path) == before
    assert [one.name for one in tmp_path.iterdir()] == ["there"]


def test_a_format_of_another_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError,
        match="format voc does not fit detections of coco; expected coco, got voc",
    ):
        export(run_of("coco"), tmp_path / "x", word="voc")


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match="format; expected coco or voc or widerface, got 'yolo'"
    ):
        export(run_of("coco"), tmp_path / "x", word="yolo")
