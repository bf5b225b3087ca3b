"""The engines of the COCO metric, as the pipeline asks for them."""

import importlib.metadata
import logging
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import DetectionsInvalid, UsageError
from harness.evaluate.coco.engine_names import FAST, JUDGE, chosen_engine, engine_name
from harness.evaluate.metrics import METRICS, every_metric, metric_of
from harness.values.detections import Results, join_images
from harness.values.truth import CocoTruth, FaceTruth


@pytest.mark.parametrize("engine", [JUDGE, FAST])
def test_a_metric_names_the_engine_that_scores(engine: str) -> None:
    version = importlib.metadata.version(engine)

    assert metric_of("coco", coco_engine=engine).engine_name() == f"{engine} {version}"


def test_the_judge_is_asked_first_and_the_fast_engine_by_default() -> None:
    judge, fast = every_metric("coco")

    assert judge.engine_name() == "pycocotools 2.0.11"
    assert fast.engine_name() == "ultrafast-pycocotools 0.1.14"
    assert metric_of("coco") == METRICS["coco"] == fast != judge
    assert chosen_engine(None) == FAST


def test_datasets_with_one_engine_heed_no_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only = replace(METRICS["coco"], engines={})
    monkeypatch.setitem(METRICS, "drawn", only)

    assert metric_of("drawn", coco_engine=JUDGE) is only
    assert every_metric("drawn") == (only,)


def test_an_engine_that_is_not_there_is_named() -> None:
    told = "COCO engine; expected pycocotools or ultrafast-pycocotools, got 'fastest'"

    with pytest.raises(UsageError, match=told.replace("'", "'?")):
        metric_of("coco", coco_engine="fastest")
    with pytest.raises(UsageError, match="COCO engine"):
        engine_name("fastest")


def test_a_coco_metric_wants_coco_truth() -> None:
    assert {one.truth_kind for one in every_metric("coco")} == {CocoTruth}


def test_truth_of_another_dataset_is_not_scored() -> None:
    ids = np.zeros(1, np.int64)
    truth = FaceTruth(
        image_ids=ids,
        image_names=np.array(["a"]),
        box_image_ids=ids,
        boxes_xywh=np.ones((1, 4)),
        is_easy=np.ones(1, bool),
        is_medium=np.ones(1, bool),
        is_hard=np.ones(1, bool),
    )

    with pytest.raises(
        DetectionsInvalid, match="truth; expected CocoTruth, got FaceTruth"
    ):
        metric_of("coco").score(join_images([], []), truth)


@pytest.mark.parametrize("engine", [JUDGE, FAST])
def test_a_metric_scores_detections(engine: str) -> None:
    one = np.array([[0.0, 0, 9, 9]])
    truth = CocoTruth(
        image_ids=np.array([5]),
        category_ids=np.array([3]),
        box_image_ids=np.array([5]),
        box_category_ids=np.array([3]),
        boxes_xywh=one,
        areas_px2=np.array([81.0]),
        is_crowd=np.array([False]),
    )
    found = Results(
        evaluated_ids=np.array([5]),
        image_ids=np.array([5]),
        classes=np.zeros(1, np.int32),
        scores=np.ones(1),
        boxes=one,
    )

    scores = metric_of("coco", coco_engine=engine).score(found, truth)

    assert scores["box_ap"] == pytest.approx(100)


def test_the_engine_that_is_chosen_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="harness.evaluate"):
        metric_of("coco", coco_engine=JUDGE)
        metric_of("voc")

    assert caplog.messages == [
        "coco is scored by pycocotools 2.0.11",
        "voc is scored by harness voc/1",
    ]
