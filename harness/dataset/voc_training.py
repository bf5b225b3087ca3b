"""Opens the VOC training set of a data root."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.dataset.digest_cache import DigestCache
from harness.dataset.training_set import (
    TrainingSet,
    clip_to_pixels,
    make_training_set,
    sizes_of_boxes,
)
from harness.dataset.voc import open_voc

SPLIT = "trainval"  # zoo-spec 1.6
YEARS = ("2007", "2012")  # zoo-spec 1.6


def open_voc_training(root: Path, *, digests: DigestCache | None = None) -> TrainingSet:
    """Open and check the VOC training set under a data root: 2007 and 2012 trainval.

    Difficult objects are used. Boxes are as their files state them, from pixel 1, and
    clipped to the annotated size.  # zoo-spec 1.6

    Args:
        root: the data root; holds ``VOCdevkit/VOC2007/`` and ``VOCdevkit/VOC2012/``.
        digests: spares the reading of files that did not change.

    Raises:
        DatasetMissing: a list, an annotation file or an image is missing.
        DatasetInvalid: a list or an annotation file is malformed, or no image has an
            object.
    """
    labelled = open_voc(root, split=SPLIT, years=YEARS, digests=digests)
    truth = labelled.truth
    return make_training_set(
        labelled,
        boxes_xyxy=clip_to_pixels(truth.boxes_xyxy, sizes_of_boxes(labelled)),
        classes=truth.box_classes,
        is_used=np.ones(len(truth.box_classes), dtype=np.bool_),
    )
