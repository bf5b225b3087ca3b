import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.values.boxes import iou_of_pairs, xyxy_to_xywh_inclusive

corner = st.tuples(*[st.integers(0, 30)] * 2, *[st.integers(0, 20)] * 2).map(
    lambda box: [box[0], box[1], box[0] + box[2], box[1] + box[3]]
)


def iou(box, *boxes, inclusive=True):
    """The overlap of the first box with each of the others."""
    every = np.float32([box, *boxes])
    return one_to_many(every, inclusive=inclusive).tolist()


def one_to_many(boxes, *, inclusive):
    others = np.arange(1, len(boxes))
    return iou_of_pairs(boxes, np.zeros_like(others), others, inclusive=inclusive)


def pixels(box):
    """The pixels of a box whose far edge counts."""
    return {
        (x, y) for x in range(box[0], box[2] + 1) for y in range(box[1], box[3] + 1)
    }


def test_the_far_edge_counts_in_coco_sides():
    boxes = np.float32([[1, 2, 1, 5], [0.5, 0, 2.5, 0]])

    assert xyxy_to_xywh_inclusive(boxes).tolist() == [[1, 2, 1, 4], [0.5, 0, 3, 1]]
    assert boxes[0].tolist() == [1, 2, 1, 5]  # left as it was


@given(a=corner, b=corner)
def test_the_overlap_of_whole_pixels_is_counted_pixel_by_pixel(a, b):
    shared = len(pixels(a) & pixels(b)) / len(pixels(a) | pixels(b))

    assert iou(a, b) == [pytest.approx(shared, rel=1e-6)]


@given(a=corner, b=corner)
def test_overlap_is_symmetric_and_between_0_and_1(a, b):
    (one,) = iou(a, b)
    (other,) = iou(b, a)

    assert one == other
    assert 0 <= one <= 1


@given(a=corner, b=corner, shift=st.integers(0, 100))
def test_a_shift_of_both_changes_nothing(a, b, shift):
    moved = [[side + shift for side in box] for box in (a, b)]

    assert iou(moved[0], moved[1]) == iou(a, b)


def test_the_edge_counts_only_where_it_is_asked_to():
    assert iou([0, 0, 1, 1], [1, 1, 2, 2]) == [pytest.approx(1 / 7)]
    assert iou([0, 0, 1, 1], [1, 1, 2, 2], inclusive=False) == [0]


def test_boxes_that_do_not_touch_have_no_overlap():
    # One pixel apart: inclusive sides would be 0, two apart negative times negative.
    assert iou([0, 0, 4, 4], [5, 0, 9, 4], [6, 6, 9, 9], [9, 9, 11, 11]) == [0, 0, 0]


def test_a_degenerate_box_has_no_area_of_its_own():
    # x: 5..3 gives a shared side of 3 - 5 + 1 = -1, y: 5..9 one of 5; areas 100 and 0.
    assert iou([0, 0, 9, 9], [5, 5, 3, 9]) == [pytest.approx(-5 / 105)]


def test_two_boxes_without_area_are_divided_as_the_old_operator_did():
    (nothing_shared,) = iou([3, 3, 3, 3], [3, 3, 3, 3], inclusive=False)
    (far_before_near,) = iou([5, 0, 4, 9], [4, 5, 5, 4])

    assert np.isnan([nothing_shared, far_before_near]).all()  # "<= 0.45" is false


def test_an_area_that_is_all_shared_with_a_degenerate_box_is_divided_too():
    # Sides of 3 - 5 = -2 give a shared area of 4; the areas are 0 and 4.
    assert iou([5, 5, 3, 3], [3, 3, 5, 5], inclusive=False) == [np.inf]


def test_no_boxes_have_no_overlaps():
    assert iou([0, 0, 1, 1]) == []


def test_the_arithmetic_stays_in_the_type_it_was_given():
    boxes = np.zeros((2, 4), np.float32)

    assert one_to_many(boxes, inclusive=True).dtype == np.float32
    assert one_to_many(boxes.astype(float), inclusive=True).dtype == np.float64
