"""Every engine against the judge, to the last bit: random sets, then named corners.

``ZOO_COCO_SETS=20000 pytest cases/unit/evaluate/test_coco_parity.py`` tries more sets.
"""

import contextlib
import gc
import io
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from harness.evaluate.coco.ap import score
from harness.evaluate.coco.engine_names import JUDGE
from harness.evaluate.coco.engines import ENGINES
from harness.evaluate.coco.problem import coco_problem
from harness.values.detections import Results
from harness.values.truth import CocoTruth

Floats = NDArray[np.float64]
SETS = int(os.environ.get("ZOO_COCO_SETS", "200"))
OTHERS = sorted(set(ENGINES) - {JUDGE})
#: On, just beside and far beyond the boundaries of the sizes.
AREAS_PX2 = (0, -1, 1023.999, 1024, 1024.001, 9215.999, 9216, 9216.001, 1e10, 2e10)
SIDES_PX = (-3, 0, 0.5, 8, 16, 32, 33.3, 96, 97, 150)
TIED_SCORES = (-1, 0, 0.25, 0.5, 1, 2)


def truth_of(
    boxes: Any,
    *,
    images: Any,
    classes: Any,
    areas: Any = None,
    crowds: Any = None,
    image_ids: Any = (0, 1, 2),
    category_ids: Any = (0, 1),
) -> CocoTruth:
    """Truth in which images and classes are given by their places."""
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    count = len(boxes)
    own = boxes[:, 2] * boxes[:, 3]
    return CocoTruth(
        image_ids=np.asarray(image_ids, np.int64),
        category_ids=np.asarray(category_ids, np.int64),
        box_image_ids=np.asarray(image_ids, np.int64)[np.asarray(images, np.int64)],
        box_category_ids=np.asarray(category_ids, np.int64)[
            np.asarray(classes, np.int64)
        ],
        boxes_xywh=boxes,
        areas_px2=own if areas is None else np.asarray(areas, np.float64),
        is_crowd=np.zeros(count, bool) if crowds is None else np.asarray(crowds, bool),
    )


def found_of(
    truth: CocoTruth, boxes: Any, *, images: Any, classes: Any, scores: Any
) -> Results:
    return Results(
        evaluated_ids=truth.image_ids,
        image_ids=truth.image_ids[np.asarray(images, np.int64)],
        classes=np.asarray(classes, np.int32),
        scores=np.asarray(scores, np.float64),
        boxes=np.asarray(boxes, np.float64).reshape(-1, 4),
    )


def demand_same_bits(found: Results, truth: CocoTruth, what: object) -> None:
    problem = coco_problem(found, truth)
    judged = ENGINES[JUDGE](problem)
    for engine in OTHERS:
        other = ENGINES[engine](problem)
        for name in ("stats", "precision", "recall"):
            wanted, got = getattr(judged, name), getattr(other, name)
            assert got.dtype == wanted.dtype == np.float64, (engine, name, what)
            assert got.shape == wanted.shape, (engine, name, what)
            assert got.tobytes() == wanted.tobytes(), (engine, name, what)


# --- random sets -------------------------------------------------------------------


def random_boxes(random: Generator, count: int, *, on_grid: bool) -> Floats:
    corner = random.uniform(0, 60, (count, 2))
    boxes = np.concatenate([corner, random.choice(SIDES_PX, (count, 2))], axis=1)
    return boxes.round() if on_grid else boxes


def random_set(random: Generator) -> tuple[Results, CocoTruth]:
    """Few images and classes, so that crowds, ties and empty ones are common."""
    images, classes = int(random.integers(1, 6)), int(random.integers(1, 5))
    wanted = int(random.integers(1, 13))
    count = int(random.choice([1, 5, 30, 150], p=[0.2, 0.4, 0.3, 0.1]))
    on_grid = bool(random.random() < 0.5)
    boxes = random_boxes(random, wanted, on_grid=on_grid)
    crowds = random.random(wanted) < 0.2
    crowds[0] = False
    areas = boxes[:, 2] * boxes[:, 3]
    drawn = random.random(wanted) < 0.3
    areas[drawn] = random.choice(AREAS_PX2, drawn.sum())
    areas[0] = random.choice([8, 1024, 5000, 9216])
    truth = truth_of(
        boxes,
        images=random.integers(0, images, wanted),
        classes=random.integers(0, classes, wanted),
        areas=areas,
        crowds=crowds,
        image_ids=random.choice(1000, images, replace=False),  # in no order
        category_ids=np.sort(random.choice(90, classes, replace=False)),
    )
    meant = random.integers(0, wanted, count)  # the truth that a detection is near
    is_near = random.random(count) < 0.6
    moved = random.normal(0, 2, (count, 4))
    near = boxes[meant] + (moved.round() if on_grid else moved)
    image_places = np.argsort(truth.image_ids)
    places = image_places[
        np.searchsorted(truth.image_ids[image_places], truth.box_image_ids)
    ]
    kinds = np.searchsorted(truth.category_ids, truth.box_category_ids)
    tied = bool(random.random() < 0.5)
    return found_of(
        truth,
        np.where(is_near[:, None], near, random_boxes(random, count, on_grid=on_grid)),
        images=np.where(is_near, places[meant], random.integers(0, images, count)),
        classes=np.where(is_near, kinds[meant], random.integers(0, classes, count)),
        scores=random.choice(TIED_SCORES, count) if tied else random.random(count),
    ), truth


def test_random_sets_give_the_same_bits_with_every_engine() -> None:
    reached = []
    for seed in range(SETS):
        found, truth = random_set(np.random.default_rng(seed))

        demand_same_bits(found, truth, seed)

        reached.append(score(found, truth)["box_ap"])

    assert np.ptp(reached) > 20  # the sets are worth comparing


# --- corners -----------------------------------------------------------------------

BOX = (10, 10, 40, 40)


def the_first_annotation() -> tuple[Results, CocoTruth]:
    truth = truth_of([BOX], images=[0], classes=[0])
    return found_of(truth, [BOX], images=[0], classes=[0], scores=[0.5]), truth


def crowds_alone_in_a_class() -> tuple[Results, CocoTruth]:
    truth = truth_of([BOX, BOX], images=[0, 1], classes=[0, 1], crowds=[False, True])
    return found_of(
        truth, [BOX] * 4, images=[0, 1, 1, 2], classes=[0, 1, 1, 1], scores=[0.5] * 4
    ), truth


def a_crowd_met_many_times() -> tuple[Results, CocoTruth]:
    truth = truth_of(
        [(0, 0, 300, 300), BOX], images=[0, 0], classes=[0, 0], crowds=[True, False]
    )
    return found_of(
        truth, [BOX] * 9, images=[0] * 9, classes=[0] * 9, scores=np.arange(9)
    ), truth


def all_scores_tied() -> tuple[Results, CocoTruth]:
    random = np.random.default_rng(1)
    truth = truth_of(
        random_boxes(random, 6, on_grid=True),
        images=[0, 0, 1, 1, 2, 2],
        classes=[0] * 6,
    )
    near = np.tile(truth.boxes_xywh, (5, 1)) + random.integers(-3, 4, (30, 4))
    return found_of(
        truth, near, images=np.tile([0, 0, 1, 1, 2, 2], 5), classes=[0] * 30,
        scores=[0.5] * 30,
    ), truth  # fmt: skip


def areas_on_each_boundary() -> tuple[Results, CocoTruth]:
    sides = [
        (32, 32),
        (32, 32.0001),
        (96, 96),
        (96, 95.9999),
        (1e5, 1e5),
        (1e5, 100001),
    ]
    boxes = [(0, 0, *pair) for pair in sides]
    truth = truth_of(boxes, images=[0, 0, 1, 1, 2, 2], classes=[0] * 6)
    return found_of(
        truth, boxes, images=[0, 0, 1, 1, 2, 2], classes=[0] * 6, scores=[0.5] * 6
    ), truth


def more_than_a_hundred_in_an_image() -> tuple[Results, CocoTruth]:
    truth = truth_of([BOX] * 2, images=[0, 1], classes=[0, 0])
    away = [(200, 200, 9, 9)] * 100
    return found_of(
        truth,
        [*away, BOX, *away, BOX],
        images=[0] * 101 + [1] * 101,
        classes=[0] * 202,
        scores=[0.9] * 100 + [0.1] + [0.9] * 101,
    ), truth


def a_class_without_truth() -> tuple[Results, CocoTruth]:
    truth = truth_of([BOX], images=[0], classes=[0])
    return found_of(
        truth, [BOX, BOX], images=[0, 0], classes=[0, 1], scores=[0.5, 0.9]
    ), truth


def an_image_without_truth() -> tuple[Results, CocoTruth]:
    truth = truth_of([BOX], images=[0], classes=[0])
    return found_of(
        truth, [BOX, BOX], images=[0, 2], classes=[0, 0], scores=[0.5, 0.9]
    ), truth


def one_class_detected_nowhere() -> tuple[Results, CocoTruth]:
    truth = truth_of([BOX, BOX], images=[0, 0], classes=[0, 1])
    return found_of(truth, [BOX], images=[0], classes=[1], scores=[0.5]), truth


def boxes_of_no_size() -> tuple[Results, CocoTruth]:
    flat = [(0, 0, 0, 0), (5, 5, 0, 9), (5, 5, -4, 9), (5, 5, -4, -4)]
    truth = truth_of([*flat, BOX], images=[0] * 5, classes=[0] * 5)
    return found_of(
        truth, [*flat, BOX], images=[0] * 5, classes=[0] * 5, scores=[0.5] * 5
    ), truth


def ids_that_no_float_holds() -> tuple[Results, CocoTruth]:
    # An array of floats cannot tell these two images apart.
    truth = truth_of(
        [BOX, (100, 100, 9, 9)],
        images=[0, 1],
        classes=[0, 0],
        image_ids=[2**53, 2**53 + 1],
    )
    return found_of(truth, [BOX], images=[0], classes=[0], scores=[0.5]), truth


def overlaps_on_each_threshold() -> tuple[Results, CocoTruth]:
    heights = np.arange(100, 49, -1)
    truth = truth_of(
        [(0, 200 * k, 10, 100) for k in range(51)], images=[0] * 51, classes=[0] * 51
    )
    return found_of(
        truth,
        [(0, 200 * k, 10, high) for k, high in enumerate(heights)],
        images=[0] * 51,
        classes=[0] * 51,
        scores=heights / 100,
    ), truth


CORNERS = (
    the_first_annotation,
    crowds_alone_in_a_class,
    a_crowd_met_many_times,
    all_scores_tied,
    areas_on_each_boundary,
    more_than_a_hundred_in_an_image,
    a_class_without_truth,
    an_image_without_truth,
    one_class_detected_nowhere,
    boxes_of_no_size,
    ids_that_no_float_holds,
    overlaps_on_each_threshold,
)


@pytest.mark.parametrize("corner", CORNERS, ids=lambda one: one.__name__)
def test_corners_give_the_same_bits_with_every_engine(
    corner: Callable[[], tuple[Results, CocoTruth]],
) -> None:
    demand_same_bits(*corner(), corner.__name__)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_detection_scores_0_with_every_engine(engine: str) -> None:
    truth = truth_of([BOX], images=[0], classes=[0])
    found = found_of(truth, [], images=[], classes=[], scores=[])

    scores = score(found, truth, engine=engine)

    assert set(scores.values()) == {0.0}
    assert "box_ap_medium" in scores
    assert "box_ap_small" not in scores


@pytest.mark.parametrize("engine", ENGINES)
def test_annotation_0_is_matched_with_every_engine(engine: str) -> None:
    found, truth = the_first_annotation()

    assert score(found, truth, engine=engine)["box_ap"] == pytest.approx(100)


def test_the_judge_alone_loses_the_match_of_annotation_0() -> None:
    # Why annotations are numbered from 1: this is what it makes of a file from 0.
    annotation = {"image_id": 1, "category_id": 1, "bbox": list(BOX)}
    truth = COCO()
    truth.dataset = {
        "images": [{"id": 1}],
        "categories": [{"id": 1}],
        "annotations": [annotation | {"id": 0, "area": 1600, "iscrowd": 0}],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        found = truth.loadRes([annotation | {"score": 0.5}])
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()

    assert evaluation.stats[0] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_no_engine_changes_or_prints_anything(
    engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, truth = a_crowd_met_many_times()
    for array in (*found.arrays().values(), *truth.arrays().values()):
        array.flags.writeable = False
    before = found.sha256(), truth.sha256()

    first, second = (score(found, truth, engine=engine) for _ in range(2))

    assert first == second
    assert (found.sha256(), truth.sha256()) == before
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("is_on", [True, False])
def test_the_garbage_collector_is_left_as_it_was(is_on: bool) -> None:
    found, truth = the_first_annotation()
    if not is_on:
        gc.disable()
    try:
        score(found, truth)

        assert gc.isenabled() is is_on
    finally:
        gc.enable()
