"""What is likely wrong with results is said; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from harness.formats.result_doubts import result_doubts
from harness.values.detections import Results
from harness.values.truth import CocoTruth

IMAGES, EACH = 10, 3
IDS = np.array([1, 2, 3, 5, 8, 90])  # gaps, as COCO's own have


def truth_of(category_ids: np.ndarray = IDS) -> CocoTruth:
    """Thirty objects whose corners, centres and sides are far from each other."""
    random = np.random.default_rng(4)
    count = IMAGES * EACH
    boxes = np.hstack(
        [random.uniform(100, 400, (count, 2)), random.uniform(30, 120, (count, 2))]
    )
    return CocoTruth(
        image_ids=np.arange(IMAGES) * 7,
        category_ids=category_ids,
        box_image_ids=np.repeat(np.arange(IMAGES) * 7, EACH),
        box_category_ids=category_ids[random.integers(0, len(category_ids), count)],
        boxes_xywh=boxes,
        areas_px2=boxes[:, 2] * boxes[:, 3],
        is_crowd=np.zeros(count, np.bool_),
    )


def right(truth: CocoTruth) -> Results:
    """Each object found within a pixel or two, and as much found where nothing is."""
    random = np.random.default_rng(5)
    count = len(truth.boxes_xywh)
    near = truth.boxes_xywh + random.uniform(-2, 2, (count, 4))
    classes = np.searchsorted(truth.category_ids, truth.box_category_ids)
    return Results(
        evaluated_ids=truth.image_ids,
        image_ids=np.tile(truth.box_image_ids, 2),
        classes=np.tile(classes, 2).astype(np.int32),
        scores=np.append(random.uniform(0.5, 1, count), random.uniform(0, 0.5, count)),
        boxes=np.vstack([near, near + 300]),
    )


def changed(results: Results, **changes: object) -> Results:
    return Results(**{**results.arrays(), **changes})  # type: ignore[arg-type]


def to_corners(boxes: np.ndarray) -> np.ndarray:
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])


def to_centres(boxes: np.ndarray) -> np.ndarray:
    return np.hstack([boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:]])


def test_of_right_results_nothing_is_said() -> None:
    truth = truth_of()

    assert result_doubts(right(truth), truth) == ()


def test_results_that_are_merely_bad_raise_no_doubt() -> None:
    truth = truth_of()
    found = right(truth)

    assert result_doubts(changed(found, boxes=found.boxes + 900), truth) == ()
    rolled = changed(found, image_ids=np.roll(found.image_ids, 11))
    assert result_doubts(rolled, truth) == ()


@pytest.mark.parametrize(
    ("rewrite", "words"),
    [
        (to_corners, "boxes look like corners, x1 y1 x2 y2: write x1 y1 x2-x1 y2-y1"),
        (to_centres, "boxes look like centre and sides: write x-w/2 y-h/2 w h"),
    ],
)
def test_boxes_in_another_form_are_told(
    rewrite: Callable[[np.ndarray], np.ndarray], words: str
) -> None:
    truth = truth_of()
    found = right(truth)
    boxes = rewrite(found.boxes)
    (doubt,) = result_doubts(changed(found, boxes=boxes), truth)

    assert doubt.startswith(words)
    assert doubt.endswith("meet an object of their image and class, read so 30 do)")
    assert "of the 60 detections of the highest scores" in doubt


def first_met(count: int, *, as_given: int = 0) -> tuple[Results, CocoTruth]:
    """Corners of some objects, beside objects that are met as the format has it."""
    truth = truth_of()
    whole = right(truth)
    boxes = to_corners(whole.boxes)
    boxes[count : count + as_given] = whole.boxes[count : count + as_given]
    kept = slice(count + as_given)
    arrays = {**whole.arrays(), "boxes": boxes}
    arrays = {
        name: array if name == "evaluated_ids" else array[kept]
        for name, array in arrays.items()
    }
    return Results(**arrays), truth


@pytest.mark.parametrize(
    ("corners", "as_given", "is_told"),
    [(1, 0, False), (2, 0, True), (2, 1, False), (3, 1, True)],
)
def test_a_reading_is_told_from_two_objects_and_more_than_twice_as_many(
    corners: int, as_given: int, is_told: bool
) -> None:
    results, truth = first_met(corners, as_given=as_given)

    assert bool(result_doubts(results, truth)) is is_told


def test_an_object_is_met_from_three_quarters_on() -> None:
    truth = truth_of()
    whole = right(truth)
    arrays = {
        name: array if name == "evaluated_ids" else array[:30]
        for name, array in whole.arrays().items()
    }
    narrow = truth.boxes_xywh * [1, 1, 0.76, 1]
    for share, is_told in ((1, True), (0.98, False)):
        boxes = to_corners(narrow * [1, 1, share, 1])
        found = Results(**{**arrays, "boxes": boxes})

        assert bool(result_doubts(found, truth)) is is_told


def test_boxes_in_shares_of_the_image_are_told() -> None:
    truth = truth_of()
    found = right(truth)
    shares = changed(found, boxes=np.abs(found.boxes) / 1000)
    (doubt,) = result_doubts(shares, truth)

    assert doubt.startswith("every box lies between 0 and 1, and those of the truth re")
    assert doubt.endswith(
        "shares of the image's sides: multiply by its width and height"
    )
    beyond = changed(shares, boxes=shares.boxes * 3)
    assert not any("shares" in one for one in result_doubts(beyond, truth))


def test_a_truth_in_shares_makes_no_doubt_of_shares() -> None:
    truth = truth_of()
    shares = CocoTruth(**{**truth.arrays(), "boxes_xywh": truth.boxes_xywh / 1000})
    found = changed(right(truth), boxes=np.abs(right(truth).boxes) / 1000)

    assert result_doubts(found, shares) == ()


@pytest.mark.parametrize("first", [0, 1])
def test_categories_that_are_places_are_told_though_all_are_known(first: int) -> None:
    truth = truth_of(first + np.array([0, 1, 3, 4, 5, 89]))
    found = right(truth)
    kept = found.classes >= 3  # written as 3, 4, 5 (+ 1), which are ids of others
    written = found.classes[kept] + first
    wrong = Results(
        evaluated_ids=found.evaluated_ids,
        image_ids=found.image_ids[kept],
        classes=np.searchsorted(truth.category_ids, written).astype(np.int32),
        scores=found.scores[kept],
        boxes=found.boxes[kept],
    )
    (doubt,) = result_doubts(wrong, truth)

    assert doubt.startswith(
        "categories look like places in the truth's list, from "
        f"{first} to {first + 5}: "
        "write the ids that it gives them (of the "
    )


def test_no_detection_at_all_is_said() -> None:
    truth = truth_of()
    found = right(truth)
    none = Results(
        evaluated_ids=found.evaluated_ids,
        **{
            name: array[:0]
            for name, array in found.arrays().items()
            if name != "evaluated_ids"
        },
    )

    (doubt,) = result_doubts(none, truth)

    assert doubt.startswith("no detection at all, so the score is 0; if the detector")


def doubled(results: Results) -> dict[str, np.ndarray]:
    """Every detection twice."""
    return {
        name: np.concatenate([array, array])
        for name, array in results.arrays().items()
        if name != "evaluated_ids"
    }


def test_an_image_s_detections_twice_are_counted() -> None:
    truth = truth_of()
    found = right(truth)
    again = np.flatnonzero(found.image_ids == 7)
    places = np.append(np.arange(60), again)
    twice = Results(
        evaluated_ids=found.evaluated_ids,
        **{
            name: array[places]
            for name, array in found.arrays().items()
            if name != "evaluated_ids"
        },
    )
    (doubt,) = result_doubts(twice, truth)

    assert doubt.startswith(
        "6 of 66 detections repeat an earlier one, image, class, score and box alike, "
        "in 1 image; each counts as wrong; "
    )
    (doubt,) = result_doubts(changed(right(truth), **doubled(right(truth))), truth)
    assert "120 detections repeat an earlier one" in doubt
    assert "in 10 images; each" in doubt


@pytest.mark.parametrize("name", ["image_ids", "classes", "scores", "boxes"])
def test_a_detection_that_differs_in_anything_repeats_none(name: str) -> None:
    truth = truth_of()
    found = right(truth)
    two = {one: array[[0, 0]].copy() for one, array in found.arrays().items()}
    two["evaluated_ids"] = found.evaluated_ids
    same = Results(**two)
    moved = two[name].astype(two[name].dtype)
    moved[1:] = (
        np.nextafter(moved[1:], 9e9) if moved.dtype.kind == "f" else moved[1:] + 7
    )
    if name == "classes":
        moved[1:] = (two[name][1:] + 1) % len(IDS)

    assert any("repeat" in one for one in result_doubts(same, truth))
    other = changed(same, **{name: moved})
    assert not any("repeat" in one for one in result_doubts(other, truth))
