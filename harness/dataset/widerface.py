"""Reads the WIDER FACE validation set of a data root: images and truth."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from harness.dataset.digest_cache import DigestCache
from harness.dataset.fingerprint import digest_files
from harness.dataset.image import ImageEntry
from harness.dataset.image_header import read_size_wh
from harness.dataset.labelled import LabelledSet
from harness.dataset.widerface_files import LIST
from harness.dataset.widerface_list import read_face_list
from harness.dataset.widerface_mat import MAT_FILES, read_ground_truth
from harness.errors import DatasetInvalid, DatasetMissing, UsageError
from harness.printable import first_few
from harness.values.truth import FaceTruth

LOGGER = logging.getLogger(__name__)

IMAGES = Path("WIDER_val", "images")  # design 3
SPLIT = Path("wider_face_split")  # design 3
GROUND_TRUTH = (SPLIT, Path("eval_tools", "ground_truth"))  # design 3

#: How many images a message names; the rest are counted.
NAMED_FILES = 3

#: The size of an image whose file is missing, or has no header that can be read.
UNKNOWN_SIZE_WH = (0, 0)


def open_widerface(
    root: Path, *, limit: int | None = None, digests: DigestCache | None = None
) -> LabelledSet[FaceTruth]:
    """Open and check the WIDER FACE validation set under a data root.

    Images come in the order of the ``.mat`` files. These state no size, so that of each
    image's own file is taken. One whose file is missing or unreadable is named in
    ``faults``, stays in the set and has the size 0 x 0. Every image file is read once,
    for the fingerprint; none is decoded.

    ``annotation_count`` is that of all faces, of any subset or none: 39,708 of the
    published set. Where the text list is there too, what it says otherwise is a fault.

    Args:
        root: the data root; holds ``WIDER_val/images/`` and, in ``wider_face_split/``
            or ``eval_tools/ground_truth/``, the four ``.mat`` files together.
        limit: take only the first images, at most so many.
        digests: spares the reading of files that did not change.

    Raises:
        UsageError: the limit is below 1.
        DatasetMissing: a ``.mat`` file, the image folder or all of its images are not
            there.
        DatasetInvalid: a ``.mat`` file or the list is malformed.
    """
    if limit is not None and limit < 1:
        raise UsageError("limit", expected="1 image or more", got=limit)
    folder = _ground_truth_folder(root)
    if not (root / IMAGES).is_dir():
        raise _not_under_root(root, root / IMAGES)
    whole = read_ground_truth(folder)
    annotations = {name: folder / name for name in MAT_FILES}
    faults: list[str] = []
    face_list = root / SPLIT / LIST
    if face_list.is_file():
        annotations[LIST] = face_list
        faults += _list_faults(face_list, whole)
    count = len(whole.image_ids)
    used = count if limit is None else min(limit, count)
    truth = whole if used == count else whole.subset(whole.image_ids[:used])
    paths = {
        f"{name}.jpg": root / IMAGES / f"{name}.jpg"
        for name in truth.image_names.tolist()
    }
    images, image_faults = _entries(paths)
    digest = digest_files(annotations, paths, digests)
    return LabelledSet(
        images=images,
        truth=truth,
        fingerprint=digest.fingerprint,
        image_count=used,
        annotation_count=len(truth.box_image_ids),
        limit=None if used == count else limit,
        faults=(*faults, *image_faults),
        file_digests=digest.files,
    )


def widerface_truth(root: Path) -> FaceTruth:
    """Read the official ``.mat`` files under a data root; no image is touched.

    Raises:
        DatasetMissing: a ``.mat`` file is not there.
        DatasetInvalid: one is malformed.
    """
    return read_ground_truth(_ground_truth_folder(root))


def _entries(
    paths: dict[str, Path],
) -> tuple[tuple[ImageEntry, ...], list[str]]:
    """Return an entry for every image, and what is wrong with their files."""
    entries, faults = [], []
    missing: list[str] = []
    for image_id, (name, path) in enumerate(paths.items()):
        width_px, height_px = UNKNOWN_SIZE_WH
        try:
            width_px, height_px = read_size_wh(path)
        except DatasetMissing:
            missing.append(name)
        except DatasetInvalid as error:
            faults.append(str(error))
        entries.append(
            ImageEntry(
                image_id=image_id, path=path, width_px=width_px, height_px=height_px
            )
        )
    if missing:
        named = first_few(missing, NAMED_FILES, counts_rest=True)
        told = f"{len(missing)} of {len(paths)} images are missing: {named}"
        if len(missing) == len(paths):
            raise DatasetMissing(told, next_step="put the images there, as .jpg")
        faults.append(told)
    return tuple(entries), faults


def _list_faults(path: Path, truth: FaceTruth) -> list[str]:
    """Return in what the text list and the ``.mat`` files differ, by image name."""
    listed = {image.name: image.boxes_xywh for image in read_face_list(path)}
    names: list[str] = truth.image_names.tolist()
    ends = np.searchsorted(truth.box_image_ids, truth.image_ids, side="right")
    boxes = np.split(truth.boxes_xywh, ends[:-1])
    differing = {
        "lists no": [name for name in names if name not in listed],
        "alone lists": sorted(set(listed) - set(names)),
        "has other faces in": [
            name
            for name, ours in zip(names, boxes, strict=True)
            if name in listed and not np.array_equal(ours, listed[name])
        ],
    }
    return [
        f"{path.name} {what} {first_few(images, NAMED_FILES, counts_rest=True)}, "
        "unlike the .mat files"
        for what, images in differing.items()
        if images
    ]


def _ground_truth_folder(root: Path) -> Path:
    """Return the folder that holds the four ``.mat`` files."""
    for folder in GROUND_TRUTH:
        if all((root / folder / name).is_file() for name in MAT_FILES):
            LOGGER.info("ground truth of WIDER FACE: %s", root / folder)
            return root / folder
    either = " or ".join(str(folder) for folder in GROUND_TRUTH)
    raise _not_under_root(root, f"{', '.join(MAT_FILES)} in {either}")


def _not_under_root(root: Path, expected: object) -> DatasetMissing:
    return DatasetMissing(
        "the WIDER FACE validation set is not under the data root",
        expected=expected,
        got=f"a data root {root} without it",
        next_step="set the data root with --data-root DIR or ZOO_DATA_ROOT",
    )
