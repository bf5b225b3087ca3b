import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import UsageError
from harness.evaluate.metrics import METRICS, metric_of
from harness.evaluate.voc.options import DEVKIT
from harness.formats.convention_file import StatedConvention, read_convention
from harness.formats.table import FORMATS
from harness.pipeline.results.convention import Asked, convention_of_files
from harness.pipeline.results.export import export
from harness.pipeline.results.score import score_file
from harness.pipeline.results.scored_run import ScoredRun, read_run
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth, FaceTruth, Truth, VocTruth

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


def run_of(dataset: str) -> ScoredRun:
    """Detections near the truth with more digits than any format prints."""
    rng = np.random.default_rng(1)
    source = rng.integers(0, 4, 40)
    return ScoredRun(
        name="ours",
        dataset=dataset,
        detections=Detections(
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
    expected = METRICS[dataset].score(run.detections, run.truth)
    again = export(read_run(made.path), tmp_path / "again.json", word=dataset)

    assert dict(made.record.measurements[0].scores_pct) == dict(expected)
    assert any(0 < value < 100 for value in expected.values())
    assert content(again) == content(path)


def scores_of(dataset: str, path: Path, run: ScoredRun, records: Path) -> Any:
    """Return what files score by their own word, as ``zoo score`` does."""
    used = convention_of_files(path, run.truth, Asked())
    made = score_file(
        dataset, path, run.truth, records=records, name="x", convention=used
    )
    return dict(made.record.measurements[0].scores_pct)


def test_a_voc_export_says_what_scores_it(tmp_path: Path) -> None:
    run = run_of("voc")
    assert isinstance(run.detections, Detections)
    # So far off that a pixel decides, which is what the conventions differ by.
    moved = replace(
        run.detections, boxes_xyxy=run.detections.boxes_xyxy + np.float32(14)
    )
    run = replace(run, detections=moved)
    expected = METRICS["voc"].score(run.detections, run.truth)
    path = export(run, tmp_path / "ours")

    assert read_convention(path) == StatedConvention(word="paddledetection")
    assert scores_of("voc", path, run, tmp_path) == expected
    asked = export(run, tmp_path / "theirs", convention="devkit")
    devkit = metric_of("voc", options=DEVKIT).score(run.detections, run.truth)
    assert read_convention(asked) == StatedConvention(word="devkit")
    assert scores_of("voc", asked, run, tmp_path) == devkit
    assert devkit != expected


def test_a_class_that_the_record_left_out_is_left_out_on_purpose(
    tmp_path: Path,
) -> None:
    run = run_of("voc")
    assert isinstance(run.detections, Detections)
    assert isinstance(run.truth, VocTruth)
    cats = run.detections.classes == 0
    arrays = {
        name: array if name == "evaluated_ids" else array[cats]
        for name, array in run.detections.arrays().items()
    }
    truth = replace(run.truth, is_difficult=np.zeros(4, np.bool_))
    run = replace(run, detections=Detections(**arrays), truth=truth)
    path = export(run, tmp_path / "ours")
    expected = METRICS["voc"].score(run.detections, run.truth)

    stated = StatedConvention(word="paddledetection", classes=("cat",))
    assert read_convention(path) == stated
    assert scores_of("voc", path, run, tmp_path) == expected
    (path / "convention.json").unlink()
    alone = convention_of_files(path, truth, Asked(convention="paddledetection"))
    made = score_file("voc", path, truth, records=tmp_path, name="y", convention=alone)
    halved = {name: ap_pct / 2 for name, ap_pct in expected.items()}
    assert made.record.measurements[0].scores_pct == pytest.approx(halved)
    assert made.doubts[-1].startswith(
        "no line in the file of dog: 1 of 2 classes count"
    )


def test_an_export_without_any_detection_scores_0_again(tmp_path: Path) -> None:
    run = run_of("voc")
    arrays = {
        name: array if name == "evaluated_ids" else array[:0]
        for name, array in run.detections.arrays().items()
    }
    run = replace(run, detections=Detections(**arrays))
    path = export(run, tmp_path / "ours")

    assert read_convention(path) == StatedConvention(word="paddledetection")
    assert scores_of("voc", path, run, tmp_path) == {"box_ap": 0, "box_ap_area": 0}


def test_only_voc_has_a_convention_and_faces_a_published_format(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match="--convention of coco; expected none"):
        export(run_of("coco"), tmp_path / "x", convention="devkit")
    for dataset in ("coco", "voc"):
        with pytest.raises(
            UsageError, match=f"--published-format of {dataset}; expected none: its fi"
        ):
            export(run_of(dataset), tmp_path / "x", published_format=True)
    assert not (tmp_path / "x").exists()


def test_faces_of_more_digits_come_back_unless_the_published_format_is_asked_for(
    tmp_path: Path,
) -> None:
    ours = run_of("widerface")
    kept = ours.detections.arrays()
    corners = kept["boxes_xyxy"].astype(np.float64)
    theirs = Results(
        evaluated_ids=kept["evaluated_ids"],
        image_ids=kept["image_ids"],
        classes=kept["classes"],
        scores=kept["scores"].astype(np.float64),
        boxes=np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]]),
    )
    run = replace(ours, detections=theirs)
    whole = export(run, tmp_path / "whole")
    rounded = export(run, tmp_path / "rounded", published_format=True)

    back = FORMATS["widerface"].read(whole, run.truth)
    order = np.argsort(theirs.image_ids, kind="stable")
    assert back.scores.tolist() == theirs.scores[order].tolist()
    assert back.boxes.tolist() == theirs.boxes[order].tolist()
    text = (rounded / "0--Event" / "0.txt").read_text().splitlines()
    number = r"-?\d+\.\d"
    assert all(re.fullmatch(rf"({number} ){{4}}\d\.\d{{3}}", line) for line in text[2:])


@pytest.mark.parametrize("dataset", FORMATS)
def test_folders_above_the_output_are_made(dataset: str, tmp_path: Path) -> None:
    path = tmp_path / "results" / "of today" / "ours"

    assert content(export(run_of(dataset), path))


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


@pytest.mark.parametrize("dataset", FORMATS)
def test_a_traceback_beside_the_record_reaches_no_export(
    dataset: str, tmp_path: Path
) -> None:
    run, records = run_of(dataset), tmp_path / "out"
    path = export(run, tmp_path / f"ours{FORMATS[dataset].suffix}")
    made = score_file(dataset, path, run.truth, records=records, name="x")
    (records / "errors").mkdir()
    (records / "errors" / "x.txt").write_text("Traceback: secret")
    (made.path.parent / "errors").mkdir(exist_ok=True)
    again = export(read_run(made.path), tmp_path / "again", word=dataset)

    assert content(again) == content(path)
