"""What is unusual about annotations, for each kind of truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.dataset.box_traits import BOX_TRAITS, box_traits
from harness.dataset.image import ImageEntry
from harness.dataset.labelled import LabelledSet
from harness.values.truth import CocoTruth, FaceTruth, Truth, VocTruth

IDS = np.array([4, 7, 9], np.int64)  # the images are 100 wide and 50 high
INSIDE, BEYOND, FLAT = [0, 0, 100, 50], [90, 10, 20, 10], [5, 5, 0, 9]


def labelled(truth: Truth) -> LabelledSet[Truth]:
    return LabelledSet(
        images=tuple(
            ImageEntry(image_id=one, path=Path(f"{one}"), width_px=100, height_px=50)
            for one in IDS.tolist()
        ),
        truth=truth,
        fingerprint="f",
        image_count=3,
        annotation_count=len(truth.box_image_ids),
        limit=None,
    )


def coco(boxes: list[list[float]], image_ids: list[int]) -> CocoTruth:
    count = len(boxes)
    return CocoTruth(
        image_ids=IDS,
        category_ids=np.array([1], np.int64),
        box_image_ids=np.array(image_ids, np.int64),
        box_category_ids=np.ones(count, np.int64),
        boxes_xywh=np.array(boxes, np.float64).reshape(-1, 4),
        areas_px2=np.ones(count),
        is_crowd=np.zeros(count, np.bool_),
    )


def test_images_without_annotations_boxes_beyond_the_edge_and_flat_ones_are_named() -> (
    None
):
    found = box_traits(labelled(coco([INSIDE, BEYOND, FLAT, FLAT], [4, 9, 9, 9])))

    assert found == {"without_annotations": (7,), "beyond_the_edge": (9,), "flat": (9,)}
    assert tuple(found) == BOX_TRAITS


def test_a_pixel_beyond_the_edge_is_let_through() -> None:
    edge = [[-1, -1, 102, 52]]

    assert box_traits(labelled(coco(edge, [4])))["beyond_the_edge"] == ()
    assert box_traits(labelled(coco([[-1.5, 0, 9, 9]], [4])))["beyond_the_edge"] == (4,)


def test_a_set_without_boxes_has_none_beyond() -> None:
    found = box_traits(labelled(coco([], [])))

    assert found == {
        "without_annotations": (4, 7, 9),
        "beyond_the_edge": (),
        "flat": (),
    }


def test_voc_counts_pixels_from_one() -> None:
    truth = VocTruth(
        image_ids=IDS,
        image_names=np.array(["a", "b", "c"]),
        sizes_wh=np.array([[100, 50]] * 3, np.int64),
        class_names=np.array(["cat"]),
        box_image_ids=np.array([4, 7, 9], np.int64),
        box_classes=np.zeros(3, np.int32),
        boxes_xyxy=np.array([[1, 1, 100, 50], [1, 1, 102, 50], [7, 7, 7, 7]], float),
        is_difficult=np.zeros(3, np.bool_),
    )

    found = box_traits(labelled(truth))

    assert found == {"without_annotations": (), "beyond_the_edge": (7,), "flat": ()}


def test_faces_are_looked_at_too() -> None:
    truth = FaceTruth(
        image_ids=IDS,
        image_names=np.array(["0--a/1", "0--a/2", "0--a/3"]),
        box_image_ids=np.array([4, 7], np.int64),
        boxes_xywh=np.array([FLAT, BEYOND], float),
        is_easy=np.ones(2, np.bool_),
        is_medium=np.ones(2, np.bool_),
        is_hard=np.ones(2, np.bool_),
    )

    found = box_traits(labelled(truth))

    assert found == {
        "without_annotations": (9,),
        "beyond_the_edge": (7,),
        "flat": (4,),
    }


def test_an_image_without_a_size_has_no_edge() -> None:
    """One that is not there: it is a fault already, and nothing else."""
    found = labelled(coco([BEYOND, BEYOND], [4, 9]))
    images = (replace(found.images[0], width_px=0, height_px=0), *found.images[1:])

    assert box_traits(replace(found, images=images))["beyond_the_edge"] == (9,)
