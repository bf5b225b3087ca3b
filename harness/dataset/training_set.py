"""Makes a training set of a labelled set: images with ground truth, none missing.

The rules of the datasets differ in which objects count and where their boxes lie. What
is the same for all is decided here.  # zoo-spec 5.1
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.dataset.labelled import LabelledSet
from harness.errors import DatasetInvalid, DatasetMissing
from harness.printable import first_few
from harness.values.training import TrainingImage
from harness.values.truth import Truth

LOGGER = logging.getLogger(__name__)

#: How many missing files a message names; the rest are counted.
NAMED_FILES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Images to learn from, checked."""

    images: tuple[TrainingImage, ...]  # the order of the labelled set
    class_names: tuple[str, ...]
    fingerprint: str  # of the annotation files and of all listed images
    listed_count: int  # of images, with those that have no ground truth


def clip_to_pixels(
    boxes_xyxy: NDArray[np.float64], sizes_wh: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return boxes with near edges at 0 or more, far edges on the last pixel or less.

    Args:
        boxes_xyxy: ``[M, 4]``.
        sizes_wh: ``[M, 2]``, of the image of each.
    """
    near = np.maximum(boxes_xyxy[:, :2], 0)
    far = np.minimum(boxes_xyxy[:, 2:], sizes_wh - 1)
    return np.concatenate([near, far], axis=1)  # [M, 4]


def sizes_of_boxes(labelled: LabelledSet[Truth]) -> NDArray[np.int64]:
    """Return the annotated width and height of the image of each box: ``[M, 2]``."""
    sizes = np.array(
        [(one.width_px, one.height_px) for one in labelled.images], dtype=np.int64
    )
    return sizes[_places(labelled)]


def make_training_set(
    labelled: LabelledSet[Truth],
    *,
    boxes_xyxy: NDArray[np.float64],
    classes: NDArray[np.int32],
    is_used: NDArray[np.bool_],
) -> TrainingSet:
    """Join images and boxes, and leave out the images without ground truth.

    A box whose far edge lies before its near edge is no ground truth.

    Args:
        labelled: the opened set; its truth tells the image of each box.
        boxes_xyxy: ``[M, 4]`` pixels, clipped, in the order of the truth.
        classes: ``[M]``, counted from 0.
        is_used: ``[M]``, by the dataset's own rule.

    Raises:
        DatasetMissing: an image file is not there.
        DatasetInvalid: no image has ground truth.
    """
    if labelled.faults:
        raise DatasetMissing(
            f"{len(labelled.faults)} of {labelled.image_count} training images are "
            "not there",
            expected="all of them: another set gives another model",
            got=first_few(labelled.faults, NAMED_FILES),
            next_step="copy or fetch them, or take them out of the annotations",
        )
    is_used = is_used & (boxes_xyxy[:, 2:] >= boxes_xyxy[:, :2]).all(axis=1)  # [M]
    places = _places(labelled)[is_used]
    order = np.argsort(places, kind="stable")  # boxes of an image keep their order
    starts = np.searchsorted(places[order], np.arange(1, len(labelled.images)))
    boxes = np.split(boxes_xyxy[is_used][order].astype(np.float32), starts)
    kinds = np.split(classes[is_used][order].astype(np.int32), starts)
    images = tuple(
        TrainingImage(path=image.path, boxes_xyxy=own_boxes, classes=own_kinds)
        for image, own_boxes, own_kinds in zip(
            labelled.images, boxes, kinds, strict=True
        )
        if len(own_boxes)
    )
    LOGGER.info(
        "training on %d of %d images: those with ground truth",
        len(images),
        len(labelled.images),
    )
    if not images:
        raise DatasetInvalid(
            "nothing to train on",
            expected="an object in at least one image",
            got=f"none in {len(labelled.images)} images",
            next_step="give the annotations of the training set",
        )
    return TrainingSet(
        images=images,
        class_names=labelled.class_names,
        fingerprint=labelled.fingerprint,
        listed_count=len(labelled.images),
    )


def _places(labelled: LabelledSet[Truth]) -> NDArray[np.intp]:
    """Return the place of each box's image among the images: ``[M]``."""
    ids = np.array([one.image_id for one in labelled.images], dtype=np.int64)
    return np.searchsorted(ids, labelled.truth.box_image_ids)  # ids ascend
