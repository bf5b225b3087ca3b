from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evaluate.widerface import matches as wider_matches
from harness.evaluate.widerface.matches import match_faces, round_half_away
from harness.values.detections import Results
from harness.values.truth import FaceTruth


def random_set(seed: int) -> tuple[Results, FaceTruth]:
    random = np.random.default_rng(seed)
    image_ids = np.arange(6)
    box_image_ids = random.choice([0, 1, 2, 4], 40)  # in no order; 3 and 5 have none
    faces = random.integers(0, 60, (40, 4)).astype(np.float64)
    near = random.integers(0, 40, 200)
    truth = FaceTruth(
        image_ids=image_ids,
        image_names=np.array([f"E/{one}" for one in image_ids]),
        box_image_ids=box_image_ids,
        boxes_xywh=faces,
        is_easy=np.ones(40, np.bool_),
        is_medium=np.ones(40, np.bool_),
        is_hard=np.ones(40, np.bool_),
    )
    results = Results(
        evaluated_ids=image_ids,
        image_ids=np.append(box_image_ids[near], [3, 5]),
        classes=np.zeros(202, np.int32),
        scores=np.ones(202),
        boxes=np.concatenate(
            [np.abs(faces[near] + random.normal(0, 3, (200, 4))), np.ones((2, 4))]
        ),
    )
    return results, truth


def match(results: Results, truth: FaceTruth, **options: Any) -> Any:
    return match_faces(
        results, truth, **({"iou_threshold": 0.5, "whole_pixels": False} | options)
    )


def test_images_in_no_order_are_matched_where_they_stand() -> None:
    results, truth = random_set(0)

    found = match(results, truth)

    hit = found.hit_faces >= 0
    assert hit.sum() > 50
    assert (truth.box_image_ids[found.hit_faces[hit]] == results.image_ids[hit]).all()
    assert found.has_faces.tolist() == [True] * 200 + [False] * 2


@pytest.mark.parametrize("whole_pixels", [False, True])
def test_pairs_held_a_few_at_a_time_give_the_same(
    monkeypatch: pytest.MonkeyPatch, whole_pixels: bool
) -> None:
    results, truth = random_set(1)
    at_once = match(results, truth, whole_pixels=whole_pixels)
    monkeypatch.setattr(wider_matches, "PAIRS_AT_ONCE", 7)

    found = match(results, truth, whole_pixels=whole_pixels)

    assert found.hit_faces.tolist() == at_once.hit_faces.tolist()


def test_a_higher_threshold_hits_no_more() -> None:
    results, truth = random_set(2)

    hits = [
        (match(results, truth, iou_threshold=one).hit_faces >= 0).sum()
        for one in (0.1, 0.5, 0.9)
    ]

    assert hits == sorted(hits, reverse=True)
    assert hits[0] > hits[2]


def test_equally_near_faces_are_taken_in_the_truth_s_order() -> None:
    results, truth = random_set(3)
    twice = FaceTruth(
        **{
            name: array if name.startswith("image") else np.concatenate([array, array])
            for name, array in truth.arrays().items()
        }
    )

    assert match(results, twice).hit_faces.max() < 40


def test_nothing_found_hits_nothing() -> None:
    results, truth = random_set(4)
    nothing = Results(
        evaluated_ids=results.evaluated_ids,
        **{
            name: array[:0]
            for name, array in results.arrays().items()
            if name != "evaluated_ids"
        },
    )

    assert len(match(nothing, truth).hit_faces) == 0


@given(st.integers(-200, 200))
def test_halves_are_rounded_away_from_zero(quarters: int) -> None:
    value = quarters / 4
    expected = int(abs(value) + 0.5) * (1 if value >= 0 else -1)

    assert round_half_away(np.array([value])).tolist() == [expected]


def test_what_is_just_below_a_half_is_rounded_down() -> None:
    assert round_half_away(np.array([0.49999999999999994, -0.4])).tolist() == [0, 0]
