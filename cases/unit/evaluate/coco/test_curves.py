"""Scores by class and curves: by hand, and against the twelve numbers of them all."""

import numpy as np
import pytest

from harness.errors import UsageError
from harness.evaluate.coco.ap import score
from harness.evaluate.coco.curves import by_class, curves
from harness.evaluate.coco.engines import ENGINES, evaluate
from harness.evaluate.coco.stats import STATS, mean_of
from harness.values.detections import Results
from harness.values.truth import CocoTruth

SMALL, LARGE = (0, 0, 10, 10), (0, 0, 100, 100)


@pytest.fixture
def truth() -> CocoTruth:
    """Class 3: two small ones; 17: a large one; 90: nothing."""
    boxes = np.array([SMALL, SMALL, LARGE], np.float64)
    return CocoTruth(
        image_ids=np.array([7, 5]),
        category_ids=np.array([3, 17, 90]),
        box_image_ids=np.array([5, 7, 7]),
        box_category_ids=np.array([3, 3, 17]),
        boxes_xywh=boxes,
        areas_px2=boxes[:, 2] * boxes[:, 3],
        is_crowd=np.zeros(3, bool),
    )


@pytest.fixture
def found() -> Results:
    """One of the small ones; of the large one 62 hundredths; a class without truth."""
    return Results(
        evaluated_ids=np.array([5, 7]),
        image_ids=np.array([5, 7, 7]),
        classes=np.array([0, 1, 2], np.int32),
        scores=np.array([0.9, 0.8, 0.7]),
        boxes=np.array([SMALL, (0, 0, 100, 62), SMALL], np.float64),
    )


def nothing(found: Results) -> Results:
    return Results(
        evaluated_ids=found.evaluated_ids,
        image_ids=found.image_ids[:0],
        classes=found.classes[:0],
        scores=found.scores[:0],
        boxes=found.boxes[:0],
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_class_has_the_scores_of_the_sizes_it_has(
    found: Results, truth: CocoTruth, engine: str
) -> None:
    scores = by_class(found, truth, engine=engine)

    assert list(scores) == ["3", "17"]
    assert scores["3"] == pytest.approx(
        dict.fromkeys(("box_ap", "box_ap50", "box_ap75"), 100 * 51 / 101)
        | {"box_ap_small": 100 * 51 / 101, "box_ar_small": 50}
        | dict.fromkeys(("box_ar1", "box_ar10", "box_ar100"), 50)
    )
    assert scores["17"] == pytest.approx(
        {"box_ap": 30, "box_ap50": 100, "box_ap75": 0, "box_ap_large": 30}
        | dict.fromkeys(("box_ar1", "box_ar10", "box_ar100", "box_ar_large"), 30)
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_curve_falls_to_0_beyond_the_recall_reached(
    found: Results, truth: CocoTruth, engine: str
) -> None:
    made = {
        (one.name, one.size, round(one.iou, 2)): one
        for one in curves(found, truth, engine=engine)
    }

    assert {key[:2] for key in made} == {
        ("3", "all"),
        ("3", "small"),
        ("17", "all"),
        ("17", "large"),
    }
    assert len(made) == 4 * 10
    half = made["3", "all", 0.95]
    assert half.recall.tolist() == np.linspace(0, 1, 101).tolist()
    assert half.precision == pytest.approx(np.where(half.recall <= 0.5, 1, 0))
    assert half.ap_pct == pytest.approx(100 * 51 / 101)
    assert made["17", "large", 0.6].precision == pytest.approx(np.ones(101))
    assert made["17", "large", 0.65].ap_pct == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_scores_and_curves_of_no_detections_are_0_where_there_is_truth(
    found: Results, truth: CocoTruth, engine: str
) -> None:
    scores = by_class(nothing(found), truth, engine=engine)
    made = curves(nothing(found), truth, engine=engine)

    assert {key for key in scores["17"] if key.endswith("e")} == {
        "box_ap_large",
        "box_ar_large",
    }
    assert {value for one in scores.values() for value in one.values()} == {0.0}
    assert {one.name for one in made} == {"3", "17"}
    assert {one.ap_pct for one in made} == {0.0}
    assert all(len(one.precision) == len(one.recall) == 101 for one in made)


def test_the_mean_of_the_classes_is_the_score_of_them_all(
    found: Results, truth: CocoTruth
) -> None:
    scores, classes = score(found, truth), by_class(found, truth)

    for key, value in scores.items():
        having = [one[key] for one in classes.values() if key in one]
        assert value == pytest.approx(np.mean(having))


def test_the_mean_of_the_curves_is_the_ap_of_their_class(
    found: Results, truth: CocoTruth
) -> None:
    classes = by_class(found, truth)
    made = curves(found, truth)

    for name, scores in classes.items():
        of_class = [one.ap_pct for one in made if (one.name, one.size) == (name, "all")]
        assert np.mean(of_class) == pytest.approx(scores["box_ap"])


@pytest.mark.parametrize("engine", ENGINES)
def test_our_mean_is_the_engines_own_to_the_last_bit(
    found: Results, truth: CocoTruth, engine: str
) -> None:
    evaluated = evaluate(found, truth, engine=engine)

    ours = [
        mean_of(stat, evaluated.precision, evaluated.recall) for stat in STATS.values()
    ]

    assert ours == evaluated.stats.tolist()


@pytest.mark.parametrize("compute", [score, by_class, curves])
def test_an_engine_that_is_not_there_is_refused(
    found: Results, truth: CocoTruth, compute: object
) -> None:
    with pytest.raises(
        UsageError,
        match="COCO engine; expected pycocotools or ultrafast-pycocotools, got fastest",
    ):
        compute(found, truth, engine="fastest")  # type: ignore[operator]
