"""Reads one split of the COCO sets of a data root: images and truth, or truth alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harness.dataset.coco_annotations import (
    parse_annotations,
    parse_category_names,
    parse_truth,
)
from harness.dataset.digest_cache import DigestCache
from harness.dataset.fingerprint import digest_files
from harness.dataset.image import ImageEntry
from harness.dataset.image_folder import ImageFolder
from harness.dataset.labelled import LabelledSet
from harness.errors import (
    DatasetInvalid,
    DatasetMissing,
    UsageError,
    located,
    refusing_unreadable,
)
from harness.values.truth import CocoTruth

VALIDATION, TRAINING = "val2017", "train2017"  # zoo-spec 1.1 and 5.1


def annotations_below_root(split: str) -> Path:
    """Return where the annotations of a split are, below a data root."""
    return Path("coco", "annotations", f"instances_{split}.json")


def images_below_root(split: str) -> Path:
    """Return the folder of a split's images, below a data root."""
    return Path("coco", split)


ANNOTATIONS = annotations_below_root(VALIDATION)  # design 3
IMAGES = images_below_root(VALIDATION)  # design 3


def open_coco(
    root: Path,
    *,
    limit: int | None = None,
    split: str = VALIDATION,
    digests: DigestCache | None = None,
) -> LabelledSet[CocoTruth]:
    """Open and check a split of the COCO sets under a data root.

    Every image file is read once, for the fingerprint; none is decoded. One that is not
    there is a fault of the set and stays one of its images.

    Args:
        root: the data root; holds ``coco/annotations/instances_<split>.json`` and
            ``coco/<split>/``.
        limit: take only the first images by id, at most so many.
        split: ``VALIDATION`` or ``TRAINING``.
        digests: spares the reading of files that did not change.

    Raises:
        UsageError: the limit is below 1.
        DatasetMissing: the annotation file, the image folder or every image is missing.
        DatasetInvalid: the annotation file is malformed.
    """
    if limit is not None and limit < 1:
        raise UsageError("limit", expected="1 image or more", got=limit)
    annotations = root / annotations_below_root(split)
    image_folder = root / images_below_root(split)
    _demand_under_root(root, annotations, split, annotations.is_file())
    _demand_under_root(root, image_folder, split, image_folder.is_dir())
    with located(annotations):
        parsed = parse_annotations(annotations.read_bytes())
    listed = sorted(parsed.images, key=lambda image: image.image_id)
    used = listed if limit is None else listed[:limit]
    is_whole = len(used) == len(listed)
    paths = {image.file_name: image_folder / image.file_name for image in used}
    digest = digest_files({annotations.name: annotations}, paths, digests)
    absent = [image.file_name for image in used if not digest.files[image.file_name]]
    folder = ImageFolder(image_folder)
    if len(absent) == len(used):
        told = folder.told_absent(absent[0])
        raise DatasetMissing(
            f"none of {len(used)} images is in {image_folder}",
            expected=absent[0],
            next_step=told
            or "put the images there; the published ones: zoo data fetch coco",
        )
    used_ids = np.array([image.image_id for image in used], dtype=np.int64)
    truth = parsed.truth if is_whole else parsed.truth.subset(used_ids)
    return LabelledSet(
        images=tuple(
            ImageEntry(
                image_id=image.image_id,
                path=paths[image.file_name],
                width_px=image.width_px,
                height_px=image.height_px,
            )
            for image in used
        ),
        truth=truth,
        fingerprint=digest.fingerprint,
        image_count=len(used),
        annotation_count=len(truth.box_image_ids),
        limit=None if is_whole else limit,
        class_names=parsed.class_names,
        faults=tuple(_told_absent(name, folder) for name in absent),
        file_digests=digest.files,
    )


def coco_truth(root: Path) -> CocoTruth:
    """Read the annotations of the COCO validation set under a data root.

    Raises:
        DatasetMissing: the annotation file is not there.
        DatasetInvalid: it is malformed.
    """
    return coco_truth_of(root / ANNOTATIONS)


def coco_truth_of(path: Path) -> CocoTruth:
    """Read any annotation file in the form of COCO's ``instances_val2017.json``.

    Names and sizes of images may be missing: scoring needs none.

    Raises:
        DatasetMissing: there is no such file.
        DatasetInvalid: it is malformed.
    """
    content = _read_annotations(path)
    with located(path):
        return parse_truth(content)


def coco_category_names_of(path: Path) -> Mapping[str, str]:
    """Return category id -> name as an annotation file has it; ids as text.

    Raises:
        DatasetMissing: there is no such file.
        DatasetInvalid: it is malformed.
    """
    content = _read_annotations(path)
    with located(path):
        return {str(one): name for one, name in parse_category_names(content).items()}


def _read_annotations(path: Path) -> bytes:
    with located(path), refusing_unreadable(DatasetInvalid, "give another --truth"):
        if path.is_file():
            return path.read_bytes()
    raise DatasetMissing(
        "no annotations to score against",
        expected=path,
        got="no such file",
        next_step="give --data-root DIR, or --truth FILE",
    )


def _told_absent(name: str, folder: ImageFolder) -> str:
    instead = folder.told_absent(name)
    return f"{name}: cannot be read" + (f"; {instead}" if instead else "")


def _demand_under_root(root: Path, path: Path, split: str, is_there: bool) -> None:
    if not is_there:
        name = "validation" if split == VALIDATION else "training"
        raise DatasetMissing(
            f"the COCO {name} set is not under the data root",
            expected=path,
            got=f"a data root {root} without it",
            next_step="set the data root with --data-root DIR or ZOO_DATA_ROOT",
        )
