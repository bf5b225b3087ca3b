"""Reads one split of a Pascal-VOC-format set: images, truth, notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.dataset.digest_cache import DigestCache
from harness.dataset.fingerprint import digest_files
from harness.dataset.image import ImageEntry
from harness.dataset.image_folder import SUFFIXES, ImageFolder
from harness.dataset.labelled import LabelledSet
from harness.dataset.voc_annotations import VocAnnotation, parse_annotation
from harness.dataset.voc_lists import (
    LABEL_LIST,
    find_label_list,
    read_class_names,
    read_image_names,
)
from harness.errors import DatasetInvalid, DatasetMissing, UsageError, located
from harness.printable import first_few
from harness.values.truth import VocTruth

DEVKIT = Path("VOCdevkit")  # design 3
IMAGES = "JPEGImages"

#: How many files a message names; the rest are counted.
NAMED_FILES = 3


def open_voc(
    root: Path,
    *,
    limit: int | None = None,
    split: str = "test",
    years: Sequence[str] = ("2007",),
    digests: DigestCache | None = None,
) -> LabelledSet[VocTruth]:
    """Open and check a split of the VOC sets under a data root.

    Every XML file is parsed and every image file read once, for the fingerprint; none
    is decoded. Image ids are places in the list, from 0. An image that is not there
    stays in the set and is named in ``faults``. One whose XML has no object stays too
    and is told in ``notes``: the metric does not look at it.  # zoo-spec 1.6

    The published retraining split is ``split="trainval", years=("2007", "2012")``.

    Args:
        root: the data root; holds ``VOCdevkit/VOC2007/`` with ``ImageSets/Main/``,
            ``Annotations/`` and ``JPEGImages/``, and ``label_list.txt`` in or beside
            ``VOCdevkit`` when the classes are not VOC's 20.
        limit: take only the first images of the list, at most so many.
        digests: spares the reading of files that did not change.
        split: the list ``ImageSets/Main/<split>.txt``.
        years: whose lists, joined in this order.

    Returns:
        ``image_count`` counts all used images; ``annotation_count`` the objects that
        are not difficult, as the published count does.

    Raises:
        UsageError: the limit is below 1.
        DatasetMissing: the list, an annotation file, or every image is not there.
        DatasetInvalid: the list, the class list or an annotation file is malformed.
    """
    if limit is not None and limit < 1:
        raise UsageError("limit", expected="1 image or more", got=limit)
    devkit = root / DEVKIT
    lists = {f"VOC{year}/ImageSets/Main/{split}.txt": f"VOC{year}" for year in years}
    listed: list[_Listed] = []
    for name, folder in lists.items():
        _demand_under_root(root, devkit / name)
        listed += [
            _Listed(name=one, folder=folder)
            for one in read_image_names(devkit / name, folder)
        ]
    _demand_distinct(listed)
    used = listed if limit is None else listed[:limit]
    class_names = read_class_names(devkit)
    annotations = _read_annotations(devkit, used, class_names)
    images = _image_files(devkit, used)
    paths = {name: devkit / name for name in images.values()}
    missing = [name for name, path in paths.items() if not path.is_file()]
    if len(missing) == len(paths):
        raise DatasetMissing(
            f"none of {len(paths)} images is in {devkit}",
            got=f"no {first_few(missing, NAMED_FILES)}",
            next_step=f"put the images there, as NAME{' or NAME'.join(SUFFIXES)}",
        )
    texts = {name: devkit / name for name in lists}
    texts |= {one.annotation: devkit / one.annotation for one in used}
    label_list = find_label_list(devkit)
    if label_list is not None:
        texts[LABEL_LIST] = label_list
    truth = _truth_of(used, annotations, class_names)
    digest = digest_files(texts, paths, digests)
    return LabelledSet(
        images=tuple(
            ImageEntry(
                image_id=image_id,
                path=paths[images[one]],
                width_px=annotation.width_px,
                height_px=annotation.height_px,
            )
            for image_id, (one, annotation) in enumerate(
                zip(used, annotations, strict=True)
            )
        ),
        truth=truth,
        fingerprint=digest.fingerprint,
        image_count=len(used),
        annotation_count=truth.annotation_count,
        limit=None if len(used) == len(listed) else limit,
        class_names=class_names,
        faults=tuple(_told_absent(paths[name]) for name in missing),
        notes=_notes_on(used, annotations),
        file_digests=digest.files,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """One image of a list, and the folder of the year whose list it is."""

    name: str  # "000001"
    folder: str  # "VOC2007"

    @property
    def annotation(self) -> str:
        return f"{self.folder}/Annotations/{self.name}.xml"


def _image_files(devkit: Path, used: Sequence[_Listed]) -> dict[_Listed, str]:
    """Return the image file of each; the published name where there is none."""
    folders = {
        name: ImageFolder(devkit / name / IMAGES)
        for name in dict.fromkeys(one.folder for one in used)
    }
    return {
        one: f"{one.folder}/{IMAGES}/{file or one.name + SUFFIXES[0]}"
        for one in used
        for file in [folders[one.folder].name_of(one.name)]
    }


def _told_absent(path: Path) -> str:
    instead = ImageFolder(path.parent).told_absent(path.name)
    return f"image {path} is not there" + (f"; {instead}" if instead else "")


def _read_annotations(
    devkit: Path, used: Sequence[_Listed], class_names: Sequence[str]
) -> list[VocAnnotation]:
    """Return the annotations of each image; every one needs its XML file."""
    missing = [one for one in used if not (devkit / one.annotation).is_file()]
    if missing:
        raise DatasetMissing(
            f"{len(missing)} of {len(used)} annotation files are not in {devkit}",
            got=f"no {first_few([one.annotation for one in missing], NAMED_FILES)}",
            next_step="put them there, or take their images out of the list",
        )
    classes = {name: number for number, name in enumerate(class_names)}
    annotations = []
    for one in used:
        path = devkit / one.annotation
        with located(path):
            annotations.append(parse_annotation(path.read_bytes(), classes))
    return annotations


def _truth_of(
    used: Sequence[_Listed],
    annotations: Sequence[VocAnnotation],
    class_names: Sequence[str],
) -> VocTruth:
    image_ids = np.arange(len(used), dtype=np.int64)
    counts = [len(one.objects) for one in annotations]
    objects = [thing for one in annotations for thing in one.objects]
    return VocTruth(
        image_ids=image_ids,
        image_names=np.array([one.name for one in used], dtype=np.str_),
        sizes_wh=np.array(
            [(one.width_px, one.height_px) for one in annotations], dtype=np.int64
        ),
        class_names=np.array(class_names, dtype=np.str_),
        box_image_ids=np.repeat(image_ids, counts),
        box_classes=np.array([one.class_id for one in objects], dtype=np.int32),
        boxes_xyxy=np.array(
            [one.box_xyxy for one in objects], dtype=np.float64
        ).reshape(-1, 4),
        is_difficult=np.array([one.is_difficult for one in objects], dtype=np.bool_),
    )


def _notes_on(
    used: Sequence[_Listed], annotations: Sequence[VocAnnotation]
) -> tuple[str, ...]:
    empty = [
        one.annotation
        for one, annotation in zip(used, annotations, strict=True)
        if not annotation.objects
    ]
    if not empty:
        return ()
    told = f"{len(empty)} of {len(used)} images have no object and are not scored"
    return (f"{told}: {first_few(empty, NAMED_FILES)}",)


def _demand_distinct(listed: Sequence[_Listed]) -> None:
    """Refuse an image that two years list: result files name images without a year."""
    seen: dict[str, _Listed] = {}
    for one in listed:
        if one.name in seen:
            raise DatasetInvalid(
                f"image {one.name} is listed twice",
                got=f"in {seen[one.name].folder} and in {one.folder}",
            )
        seen[one.name] = one


def _demand_under_root(root: Path, path: Path) -> None:
    if not path.is_file():
        # PaddleDetection's own list lies beside the devkit.
        beside = root / path.name
        step = "set the data root with --data-root DIR or ZOO_DATA_ROOT"
        raise DatasetMissing(
            "the VOC set is not under the data root",
            expected=path,
            got=f"a data root {root} without it",
            next_step=f"copy {beside} there" if beside.is_file() else step,
        )


def voc_truth(root: Path) -> VocTruth:
    """Read the truth of the VOC2007 test split under a data root; no image is touched.

    Raises:
        DatasetMissing: the list or an annotation file is not there.
        DatasetInvalid: the list, the class list or an annotation file is malformed.
    """
    devkit = root / DEVKIT
    split = devkit / "VOC2007" / "ImageSets" / "Main" / "test.txt"
    _demand_under_root(root, split)
    listed = [
        _Listed(name=one, folder="VOC2007")
        for one in read_image_names(split, "VOC2007")
    ]
    _demand_distinct(listed)
    class_names = read_class_names(devkit)
    return _truth_of(
        listed, _read_annotations(devkit, listed, class_names), class_names
    )
