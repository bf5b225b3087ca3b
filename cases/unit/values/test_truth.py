from dataclasses import replace

import numpy as np
import pytest

from harness.values.truth import CocoTruth, FaceTruth, VocTruth


@pytest.fixture
def truth():
    return CocoTruth(
        image_ids=np.int64([4, 2, 9]),
        category_ids=np.int64([1, 3]),
        box_image_ids=np.int64([9, 4, 9]),
        box_category_ids=np.int64([3, 1, 1]),
        boxes_xywh=np.arange(12, dtype=np.float64).reshape(3, 4),
        areas_px2=np.float64([5, 6, 7]),
        is_crowd=np.bool_([False, True, False]),
    )


def test_a_subset_keeps_order_and_every_category(truth):
    part = truth.subset(np.int64([9, 2]))

    assert part.image_ids.tolist() == [2, 9]
    assert part.category_ids.tolist() == [1, 3]
    assert part.areas_px2.tolist() == [5, 7]
    assert part.boxes_xywh.tolist() == truth.boxes_xywh[[0, 2]].tolist()
    assert part.is_crowd.tolist() == [False, False]


def test_a_subset_of_all_is_the_truth_itself(truth):
    assert truth.subset(truth.image_ids).sha256() == truth.sha256()


def test_a_subset_without_boxes_is_empty_and_well_formed(truth):
    part = truth.subset(np.int64([2]))

    assert part.boxes_xywh.shape == (0, 4)
    assert part.image_ids.tolist() == [2]


@pytest.mark.parametrize(
    "name", ["image_ids", "box_category_ids", "boxes_xywh", "areas_px2", "is_crowd"]
)
def test_the_digest_is_of_every_value(truth, name):
    changed = truth.arrays()[name].copy()
    changed.flat[0] = not changed.flat[0] if name == "is_crowd" else 77

    assert replace(truth, **{name: changed}).sha256() != truth.sha256()


def test_the_digest_does_not_depend_on_the_byte_order(truth):
    swapped = replace(truth, areas_px2=truth.areas_px2.astype(">f8"))

    assert swapped.sha256() == truth.sha256()


def test_the_published_count_of_coco_has_crowds(truth):
    assert truth.annotation_count == 3


def test_the_published_count_of_voc_has_no_difficult_objects():
    truth = VocTruth(
        image_ids=np.int64([0]),
        image_names=np.array(["000001"]),
        sizes_wh=np.int64([[5, 5]]),
        class_names=np.array(["cat"]),
        box_image_ids=np.int64([0, 0, 0]),
        box_classes=np.int32([0, 0, 0]),
        boxes_xyxy=np.ones((3, 4)),
        is_difficult=np.bool_([True, False, False]),
    )

    assert truth.annotation_count == 2


def test_the_published_count_of_faces_has_those_that_no_subset_counts():
    nobody = np.bool_([False, False])
    truth = FaceTruth(
        image_ids=np.int64([0]),
        image_names=np.array(["0--Parade/0_Parade_1"]),
        box_image_ids=np.int64([0, 0]),
        boxes_xywh=np.ones((2, 4)),
        is_easy=nobody,
        is_medium=nobody,
        is_hard=nobody,
    )

    assert truth.annotation_count == 2


@pytest.fixture
def faces():
    return FaceTruth(
        image_ids=np.int64([4, 1, 8]),
        image_names=np.array(["d", "a", "h"]),
        box_image_ids=np.int64([4, 1, 8, 4]),
        boxes_xywh=np.arange(16.0).reshape(4, 4),
        is_easy=np.bool_([True, False, False, False]),
        is_medium=np.bool_([True, True, False, False]),
        is_hard=np.bool_([True, True, True, False]),
    )


def test_a_subset_of_faces_keeps_the_order_and_every_value(faces):
    part = faces.subset(np.int64([8, 4]))

    assert {name: array.tolist() for name, array in part.arrays().items()} == {
        "image_ids": [4, 8],
        "image_names": ["d", "h"],
        "box_image_ids": [4, 8, 4],
        "boxes_xywh": faces.boxes_xywh[[0, 2, 3]].tolist(),
        "is_easy": [True, False, False],
        "is_medium": [True, False, False],
        "is_hard": [True, True, False],
    }
    assert faces.subset(faces.image_ids).sha256() == faces.sha256()


@pytest.mark.parametrize("name", ["box_image_ids", "is_easy", "is_medium", "is_hard"])
def test_the_digest_of_faces_is_of_every_value(faces, name):
    changed = faces.arrays()[name].copy()
    changed[-1] = not changed[-1] if name.startswith("is_") else 77

    assert replace(faces, **{name: changed}).sha256() != faces.sha256()
