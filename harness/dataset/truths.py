"""A dataset's annotations in, its truth out: what scoring needs, and no image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.dataset.coco import ANNOTATIONS
from harness.dataset.coco_annotations import parse_category_names, parse_truth
from harness.dataset.voc import voc_truth
from harness.dataset.widerface import widerface_truth
from harness.errors import (
    DatasetInvalid,
    DatasetMissing,
    located,
    refusing_unreadable,
)
from harness.values.truth import CocoTruth, Truth


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


def coco_class_names_of(path: Path) -> Mapping[str, str]:
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


#: Dataset -> what reads its truth from under a data root.
TRUTHS: Mapping[str, Callable[[Path], Truth]] = {
    "coco": coco_truth,
    "voc": voc_truth,
    "widerface": widerface_truth,
}
#: Dataset -> what reads it from one annotation file, where it has just one.
TRUTH_FILES: Mapping[str, Callable[[Path], Truth]] = {"coco": coco_truth_of}
