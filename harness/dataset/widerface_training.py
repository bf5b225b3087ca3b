"""Opens the WIDER FACE training set of a data root."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from harness.dataset.digest_cache import DigestCache
from harness.dataset.fingerprint import digest_files
from harness.dataset.training_set import NAMED_FILES, TrainingSet
from harness.dataset.widerface import SPLIT
from harness.dataset.widerface_list import read_face_list
from harness.errors import DatasetInvalid, DatasetMissing
from harness.printable import first_few
from harness.values.training import TrainingImage

LOGGER = logging.getLogger(__name__)

IMAGES = Path("WIDER_train", "images")
LIST = SPLIT / "wider_face_train_bbx_gt.txt"  # zoo-spec 5.5


def open_widerface_training(
    root: Path, *, digests: DigestCache | None = None
) -> TrainingSet:
    """Open and check the WIDER FACE training set under a data root.

    A box ends at ``x + w``; a negative side counts as 0. What the list calls invalid is
    a face all the same. Images without a box are left out.  # zoo-spec 5.5

    Args:
        root: the data root; holds ``wider_face_split/wider_face_train_bbx_gt.txt`` and
            ``WIDER_train/images/``.
        digests: spares the reading of files that did not change.

    Raises:
        DatasetMissing: the list or an image is not there.
        DatasetInvalid: the list is malformed, or no image has a face.
    """
    path = root / LIST
    if not path.is_file():
        raise DatasetMissing(
            "the WIDER FACE training set is not under the data root",
            expected=path,
            got=f"a data root {root} without it",
            next_step="set the data root with --data-root DIR or ZOO_DATA_ROOT",
        )
    listed = read_face_list(path)
    files = {f"{one.name}.jpg": root / IMAGES / f"{one.name}.jpg" for one in listed}
    missing = [name for name, file in files.items() if not file.is_file()]
    if missing:
        raise DatasetMissing(
            f"{len(missing)} of {len(files)} training images are not there",
            expected="all of them: another set gives another model",
            got=first_few(missing, NAMED_FILES, counts_rest=True),
            next_step="copy or fetch them, or take them out of the list",
        )
    images = tuple(
        TrainingImage(
            path=root / IMAGES / f"{one.name}.jpg",
            boxes_xyxy=np.concatenate(
                [
                    one.boxes_xywh[:, :2],
                    one.boxes_xywh[:, :2] + np.maximum(one.boxes_xywh[:, 2:], 0),
                ],
                axis=1,
            ).astype(np.float32),
            classes=np.zeros(len(one.boxes_xywh), np.int32),
        )
        for one in listed
        if len(one.boxes_xywh)
    )
    LOGGER.info(
        "training on %d of %d images: those with faces", len(images), len(listed)
    )
    if not images:
        raise DatasetInvalid(
            "nothing to train on",
            expected="a face in at least one image",
            got=f"none in {len(listed)} images",
            next_step="give the list of the training set",
        )
    digest = digest_files({LIST.name: path}, files, digests)
    return TrainingSet(
        images=images,
        class_names=(),
        fingerprint=digest.fingerprint,
        listed_count=len(listed),
    )
