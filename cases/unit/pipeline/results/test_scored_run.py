from dataclasses import replace
from typing import Any

import pytest

from harness.errors import DetectionsInvalid, RecordInvalid, UsageError
from harness.formats import coco_results
from harness.pipeline.results.convention import (
    Asked,
    arithmetic_convention,
    voc_convention,
)
from harness.pipeline.results.scored_run import (
    read_result_file,
    read_run,
    rescored_as,
)
from harness.values.records import Verdict

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"


def test_a_run_is_what_its_record_names(green: Any, moved: Any) -> None:
    run = read_run(green.path / f"{PLAIN}.json")

    assert (run.name, run.dataset) == (PLAIN, "coco")
    assert run.detections.sha256() == moved(3.0).sha256()
    assert len(run.truth.image_ids) == 3


def test_the_run_of_an_erratum_is_asked_for(green: Any, moved: Any) -> None:
    path = green.path / f"{DOUBTED}.json"

    assert read_run(path).detections.sha256() == moved(7.0).sha256()
    assert read_run(path, erratum="E1").detections.sha256() == moved(2.0).sha256()
    assert read_run(path, erratum="E1").name == f"{DOUBTED} as E1"
    with pytest.raises(
        UsageError, match="run; expected as printed or as E1, got as E9"
    ):
        read_run(path, erratum="E9")


def test_a_record_that_is_not_there_is_told(green: Any) -> None:
    with pytest.raises(
        UsageError, match=r"no record; expected .*none\.json; measure or score it first"
    ):
        read_run(green.path / "none.json")


def test_a_record_without_detections_is_told(green: Any) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)

    with pytest.raises(
        RecordInvalid,
        match="a record without detections; got unavailable: because; measure the row",
    ):
        read_run(green.path / f"{PLAIN}.json")


def test_detections_that_were_altered_are_refused(green: Any) -> None:
    for path in (green.path / "detections").iterdir():
        path.write_bytes(b"")

    with pytest.raises(RecordInvalid, match="not the arrays of a record"):
        read_run(green.path / f"{PLAIN}.json")


def test_a_result_file_is_a_run_too(green: Any, moved: Any, tmp_path: Any) -> None:
    truth = read_run(green.path / f"{PLAIN}.json").truth
    path = tmp_path / "theirs.json"
    results = coco_results.to_results(moved(1.0))
    coco_results.write(results, truth, path)  # type: ignore[arg-type]
    run = read_result_file("coco", path, truth)

    assert (run.name, run.dataset) == ("theirs.json", "coco")
    assert run.detections.sha256() == results.sha256()
    path.write_text("{}")
    with pytest.raises(DetectionsInvalid, match=r"theirs\.json: not a COCO result"):
        read_result_file("coco", path, truth)


def test_a_run_is_scored_again_as_was_asked_for(green: Any) -> None:
    run = read_run(green.path / f"{PLAIN}.json")
    some = voc_convention("paddledetection", "as the record says", ("cat",))
    voc = replace(run, dataset="voc", convention=some)
    faces = replace(run, dataset="widerface")

    assert rescored_as(voc, Asked()) is voc
    assert rescored_as(voc, Asked(convention="devkit")) == replace(
        voc, convention=voc_convention("devkit", "asked for", ("cat",))
    )
    assert rescored_as(faces, Asked(arithmetic="real")) == replace(
        faces, convention=arithmetic_convention("real", "asked for")
    )
    with pytest.raises(UsageError, match="--convention of coco; expected none"):
        rescored_as(run, Asked(convention="devkit"))
