"""Held to pycocotools' own flags for every image, size and overlap."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from harness.evaluate.coco.matches import CocoMatches, match_coco
from harness.evaluate.coco.stats import SIZES_PX2
from harness.values.detections import Results
from harness.values.truth import CocoTruth

IMAGES, CATEGORIES = 4, 2


def random_problem(seed: int) -> tuple[Results, CocoTruth]:
    """Whole-pixel boxes (overlaps tie), tied scores, crowds, areas on the edges."""
    rng = np.random.default_rng(seed)
    count, found = int(rng.integers(1, 40)), int(rng.integers(1, 250))
    boxes = np.hstack(
        [rng.integers(0, 30, (count, 2)), rng.choice([4, 8, 32, 96, 97], (count, 2))]
    ).astype(float)
    truth = CocoTruth(
        image_ids=np.array([4, 1, 3, 2]),
        category_ids=np.array([1, 2]),
        box_image_ids=rng.integers(1, IMAGES + 1, count),
        box_category_ids=rng.integers(1, CATEGORIES + 1, count),
        boxes_xywh=boxes,
        areas_px2=boxes[:, 2] * boxes[:, 3],
        is_crowd=rng.random(count) < 0.2,
    )
    source = rng.integers(0, count, found)
    moved = boxes[source] + rng.integers(-2, 3, (found, 4))
    moved[:, 2:] = np.maximum(moved[:, 2:], 0)
    # A few images get nearly all, so that a hundred of one class is reached.
    results = Results(
        evaluated_ids=truth.image_ids,
        image_ids=np.where(rng.random(found) < 0.5, truth.box_image_ids[source], 2),
        classes=rng.integers(0, CATEGORIES, found).astype(np.int32),
        scores=rng.choice(np.linspace(0, 1, 9), found),
        boxes=moved,
    )
    return results, truth


def reference(results: Results, truth: CocoTruth) -> list[dict[str, Any] | None]:
    """``evalImgs``: by category, size, image."""
    document = {
        "images": [{"id": int(one)} for one in truth.image_ids],
        "categories": [{"id": int(one)} for one in truth.category_ids],
        "annotations": [
            {
                "id": place + 1,
                "image_id": int(truth.box_image_ids[place]),
                "category_id": int(truth.box_category_ids[place]),
                "bbox": truth.boxes_xywh[place].tolist(),
                "area": float(truth.areas_px2[place]),
                "iscrowd": int(truth.is_crowd[place]),
            }
            for place in range(len(truth.box_image_ids))
        ],
    }
    entries = [
        {
            "image_id": int(results.image_ids[place]),
            "category_id": int(results.classes[place]) + 1,
            "bbox": results.boxes[place].tolist(),
            "score": float(results.scores[place]),
        }
        for place in range(len(results.scores))
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        expected = COCO()
        expected.dataset = document
        expected.createIndex()
        evaluation = COCOeval(expected, expected.loadRes(entries), "bbox")
        evaluation.evaluate()
    images: list[dict[str, Any] | None] = evaluation.evalImgs
    return images


@pytest.mark.parametrize("seed", range(25))
def test_matches_are_those_of_pycocotools(seed: int) -> None:
    results, truth = random_problem(seed)
    matches = match_coco(results, truth)
    expected = iter(reference(results, truth))

    for class_place in range(CATEGORIES):
        for size in range(len(SIZES_PX2)):
            for image in range(IMAGES):
                one = next(expected)
                here = (matches.classes == class_place) & (matches.images == image)
                if one is None:
                    assert not here.any()
                    continue
                matched = matches.is_matched[size][:, here]
                ignored = matches.is_ignored[size][:, here]
                outside = ~matches.is_inside[size, here]
                assert np.array_equal(matched, one["dtMatches"] > 0)
                assert np.array_equal(
                    ignored | (~matched & outside), one["dtIgnore"].astype(bool)
                )
                wanted = matches.counts[
                    size,
                    (matches.true_classes == class_place)
                    & (matches.true_images == image),
                ]
                assert wanted.sum() == (np.asarray(one["gtIgnore"]) == 0).sum()


def match_boxes(found: Any, scores: Any, true: Any, crowd: Any = None) -> CocoMatches:
    """One image, one class."""
    found, true = np.array(found, float), np.array(true, float)
    ids = np.array([1])
    return match_coco(
        Results(
            evaluated_ids=ids,
            image_ids=np.ones(len(found), np.int64),
            classes=np.zeros(len(found), np.int32),
            scores=np.array(scores, float),
            boxes=found,
        ),
        CocoTruth(
            image_ids=ids,
            category_ids=ids,
            box_image_ids=np.ones(len(true), np.int64),
            box_category_ids=np.ones(len(true), np.int64),
            boxes_xywh=true,
            areas_px2=true[:, 2] * true[:, 3],
            is_crowd=np.array(crowd if crowd is not None else [False] * len(true)),
        ),
    )


def test_an_object_is_found_once_by_the_best_score() -> None:
    box = [0, 0, 10, 10]
    matches = match_boxes([box, box], [0.3, 0.9], [box])

    assert matches.is_matched[0].tolist() == [[True, False]] * 10
    assert not matches.is_ignored.any(axis=(1, 2))[0]


def test_an_overlap_of_just_the_threshold_is_enough() -> None:
    matches = match_boxes([[0, 0, 10, 5]], [0.9], [[0, 0, 10, 10]])

    assert matches.is_matched[0, :, 0].tolist() == [True] + [False] * 9


def test_a_crowd_is_never_used_up_and_counts_for_nothing() -> None:
    inside = [2, 2, 4, 4]
    matches = match_boxes([inside, inside], [0.9, 0.8], [[0, 0, 20, 20]], [True])

    assert matches.is_matched[0].all()
    assert matches.is_ignored[0].all()
    assert not matches.counts.any()


def test_an_object_that_counts_comes_before_a_crowd_that_fits_better() -> None:
    box = [0, 0, 10, 10]
    matches = match_boxes([box], [0.9], [[0, 0, 10, 8], box], [False, True])

    assert matches.is_ignored[0, :, 0].tolist() == [False] * 7 + [True] * 3


def test_only_a_hundred_of_an_image_and_class_are_looked_at() -> None:
    box = [0, 0, 10, 10]
    matches = match_boxes([box] * 101, np.arange(101), [box])

    assert len(matches.classes) == 100


def test_nothing_found_matches_nothing() -> None:
    matches = match_boxes(np.zeros((0, 4)), [], [[0, 0, 10, 10]])

    assert matches.is_matched.shape == (4, 10, 0)
    assert matches.counts[:, 0].tolist() == [True, True, False, False]
