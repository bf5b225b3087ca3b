"""Opens the COCO training set of a data root."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.dataset.coco import TRAINING, open_coco
from harness.dataset.digest_cache import DigestCache
from harness.dataset.training_set import (
    TrainingSet,
    clip_to_pixels,
    make_training_set,
    sizes_of_boxes,
)


def open_coco_training(
    root: Path, *, digests: DigestCache | None = None
) -> TrainingSet:
    """Open and check the COCO training set under a data root.

    Crowds are left out, and so are objects without area. A box ends on the last pixel
    that it covers: ``x2 = min(W - 1, x + max(0, w - 1))``, where ``x`` is the clipped
    edge.  # zoo-spec 5.1

    Args:
        root: the data root; holds ``coco/annotations/instances_train2017.json`` and
            ``coco/train2017/``.
        digests: spares the reading of files that did not change.

    Raises:
        DatasetMissing: the annotation file or an image is missing.
        DatasetInvalid: the annotation file is malformed, or no image has an object.
    """
    labelled = open_coco(root, split=TRAINING, digests=digests)
    truth = labelled.truth
    near = np.maximum(truth.boxes_xywh[:, :2], 0)
    far = near + np.maximum(truth.boxes_xywh[:, 2:] - 1, 0)
    boxes = np.concatenate([near, far], axis=1)  # [M, 4]
    return make_training_set(
        labelled,
        boxes_xyxy=clip_to_pixels(boxes, sizes_of_boxes(labelled)),
        classes=np.searchsorted(truth.category_ids, truth.box_category_ids).astype(
            np.int32
        ),
        is_used=~truth.is_crowd & (truth.areas_px2 > 0),
    )
