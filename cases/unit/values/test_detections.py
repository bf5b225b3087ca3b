from dataclasses import replace

import numpy as np
import pytest

from harness.errors import DetectionsInvalid
from harness.values.detections import (
    Detections,
    ImageDetections,
    join_detections,
    join_images,
    split_images,
)


def found(*scores):
    count = len(scores)
    return ImageDetections(
        classes=np.arange(count, dtype=np.int32),
        scores=np.float32(scores),
        boxes_xyxy=np.arange(4 * count, dtype=np.float32).reshape(count, 4),
    )


@pytest.fixture
def detections():
    return join_images([7, 3, 5], [found(0.5, 0.25), found(), found(0.75)])


def test_images_are_joined_in_order_and_the_empty_one_is_remembered(detections):
    assert detections.evaluated_ids.tolist() == [7, 3, 5]
    assert detections.image_ids.tolist() == [7, 7, 5]
    assert detections.scores.tolist() == [0.5, 0.25, 0.75]
    assert detections.classes.tolist() == [0, 1, 0]
    detections.check()


def test_no_images_give_empty_arrays_of_the_right_types():
    for empty in (join_images([], []), join_detections([])):
        empty.check()
        assert empty.boxes_xyxy.shape == (0, 4)
        assert [one.dtype.str for one in empty.arrays().values()] == [
            "<i8",
            "<i8",
            "<i4",
            "<f4",
            "<f4",
        ]


def test_parts_are_joined_as_if_they_had_been_one(detections):
    parts = [
        join_images([7], [found(0.5, 0.25)]),
        join_images([3, 5], [found(), found(0.75)]),
    ]

    assert join_detections(parts).sha256() == detections.sha256()


def test_a_set_is_split_into_its_images_with_the_empty_one_among_them(detections):
    images = split_images(detections)

    assert [one.scores.tolist() for one in images] == [[0.5, 0.25], [], [0.75]]
    again = join_images(detections.evaluated_ids.tolist(), images)
    assert again.sha256() == detections.sha256()


def test_the_digest_is_of_the_values(detections):
    same = Detections(**{name: one.copy() for name, one in detections.arrays().items()})
    big_endian = replace(detections, scores=detections.scores.astype(">f4"))

    assert same.sha256() == detections.sha256() == big_endian.sha256()


@pytest.mark.parametrize("name", ["image_ids", "classes", "scores", "boxes_xyxy"])
def test_any_other_value_gives_another_digest(detections, name):
    changed = detections.arrays()[name].copy()
    changed.flat[-1] += 1

    assert replace(detections, **{name: changed}).sha256() != detections.sha256()


def test_an_image_that_was_looked_at_in_vain_is_part_of_the_digest(detections):
    fewer = replace(detections, evaluated_ids=np.int64([7, 5]))

    assert fewer.sha256() != detections.sha256()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"scores": np.float32([0.5])},
            "scores has another length than image_ids; expected 3, got 1",
        ),
        (
            {"scores": np.float32([0.5, np.nan, 1])},
            r"scores, detection 1 of image 7; expected finite numbers, got \[nan\]",
        ),
        (
            {"boxes_xyxy": np.float32([[0] * 4, [0] * 4, [0, np.inf, 0, 0]])},
            r"boxes_xyxy, detection 2 of image 5; .* got \[0.0, inf, 0.0, 0.0\]",
        ),
        ({"classes": np.int32([0, -1, 2])}, "classes; expected 0 or more, got -1"),
        (
            {"evaluated_ids": np.int64([7, 3, 5, 7])},
            "evaluated_ids lists an image twice",
        ),
        (
            {"evaluated_ids": np.int64([7, 3])},
            "detections of image 5, which was not evaluated",
        ),
    ],
)
def test_detections_that_no_metric_may_score_are_refused(detections, changed, message):
    with pytest.raises(DetectionsInvalid, match=f"^{message}"):
        replace(detections, **changed).check()
