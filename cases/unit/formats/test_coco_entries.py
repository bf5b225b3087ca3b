"""COCO result lists: what they state, and what they may not."""

import copy
import math
from typing import Any

import numpy as np
import pytest

from harness.errors import DetectionsInvalid
from harness.formats.coco_entries import entries_to_results
from harness.values.truth import CocoTruth


@pytest.fixture
def truth() -> CocoTruth:
    return CocoTruth(
        image_ids=np.array([42, 7, 2**53 + 1]),
        category_ids=np.array([3, 90]),
        box_image_ids=np.array([7]),
        box_category_ids=np.array([3]),
        boxes_xywh=np.array([[0.0, 0, 9, 9]]),
        areas_px2=np.array([81.0]),
        is_crowd=np.array([False]),
    )


def entry(**parts: Any) -> dict[str, Any]:
    return {
        "image_id": 7,
        "category_id": 90,
        "bbox": [1.5, 2, 3.25, 0],
        "score": 0.5,
    } | parts


def test_entries_keep_their_order_and_every_bit(truth: CocoTruth) -> None:
    numbers = [0.1, 1 / 3, 2, 7e-320]
    entries = [
        entry(bbox=numbers, score=0.1 + 0.2, segmentation=[]),
        entry(image_id=2**53 + 1, category_id=3),
        entry(score=1, bbox=tuple(numbers)),
        entry(score=np.float32(0.25), bbox=np.array(numbers), image_id=np.int64(42)),
    ]
    before = copy.deepcopy(entries[:3])

    results = entries_to_results(entries, truth)

    assert results.evaluated_ids.tolist() == truth.image_ids.tolist()
    assert results.image_ids.tolist() == [7, 2**53 + 1, 7, 42]
    assert results.classes.tolist() == [1, 0, 1, 1]
    assert results.scores.tolist() == [0.1 + 0.2, 0.5, 1.0, 0.25]
    assert results.boxes.tolist() == [numbers, [1.5, 2, 3.25, 0], numbers, numbers]
    assert results.boxes.dtype == results.scores.dtype == np.float64
    assert entries[:3] == before
    results.check()


def test_an_empty_list_states_that_nothing_was_found(truth: CocoTruth) -> None:
    results = entries_to_results([], truth)

    assert len(results.evaluated_ids) == 3
    assert results.boxes.shape == (0, 4)
    results.check()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([1, 2], r"entry 1; expected an object, got \[1, 2\]"),
        ({}, "entry 1; expected 'image_id', got none"),
        (entry(image_id="7"), "entry 1, image_id; expected a whole number .* got '7'"),
        (entry(image_id=7.0), "entry 1, image_id; expected a whole number of 64 bits"),
        (entry(image_id=2**63), "entry 1, image_id; expected a whole number of 64 b"),
        (entry(image_id=8), "entry 1, image_id; expected one of the 3 of the truth, g"),
        (entry(category_id=None), "entry 1, category_id; expected a whole number of"),
        (entry(category_id=4), "entry 1, category_id; expected one of the 2 of the t"),
        (entry(category_id=99), "entry 1, category_id; expected one of the 2 of the"),
        (entry(score="1"), "entry 1, score; expected a number, got '1'"),
        (entry(score=[1]), r"entry 1, score; expected a number, got \[1\]"),
        (entry(score=10**400), "entry 1, score; expected a number, got 1000"),
        (entry(score=math.nan), "entry 1, score; expected a finite number, got nan"),
        (entry(bbox=None), "entry 1, bbox; expected 4 numbers, got None"),
        (entry(bbox=[1, 2, 3]), r"entry 1, bbox; expected 4 numbers, got \[1, 2, 3\]"),
        (entry(bbox=[1, 2, 3, "4"]), "entry 1, bbox; expected 4 numbers, got"),
        (entry(bbox="1234"), "entry 1, bbox; expected 4 numbers, got '1234'"),
        (entry(bbox=[1, 2, math.inf, 4]), "entry 1, bbox; expected finite numbers, g"),
        (entry(bbox=[1, 2, 3, -4]), "entry 1, bbox; expected no negative side, got"),
    ],
)
def test_a_bad_entry_is_named(truth: CocoTruth, bad: Any, message: str) -> None:
    with pytest.raises(DetectionsInvalid, match=message):
        entries_to_results([entry(), bad, entry()], truth)


def test_nothing_is_known_of_a_truth_without_images(truth: CocoTruth) -> None:
    empty = truth.subset(np.zeros(0, np.int64))

    with pytest.raises(DetectionsInvalid, match="expected one of the 0 of the truth"):
        entries_to_results([entry()], empty)


def test_the_first_entry_of_the_wrong_making_is_named(truth: CocoTruth) -> None:
    with pytest.raises(DetectionsInvalid, match="entry 1, score; expected a number"):
        entries_to_results([entry(), entry(score=None), entry(bbox=[])], truth)
