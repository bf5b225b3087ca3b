"""The datasets that can be opened, by the word that rows use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.dataset.coco import (
    ANNOTATIONS,
    coco_category_names_of,
    coco_truth,
    coco_truth_of,
    open_coco,
)
from harness.dataset.coco_training import open_coco_training
from harness.dataset.digest_cache import DigestCache
from harness.dataset.drawn.coco_scenes import (
    write_coco_scenes,
    write_coco_training_scenes,
)
from harness.dataset.drawn.scenes import CLASS_NAMES
from harness.dataset.drawn.voc_scenes import (
    write_voc_scenes,
    write_voc_training_scenes,
)
from harness.dataset.drawn.widerface_scenes import (
    write_widerface_scenes,
    write_widerface_training_scenes,
)
from harness.dataset.labelled import LabelledSet
from harness.dataset.training_set import TrainingSet
from harness.dataset.voc import DEVKIT, open_voc, voc_truth
from harness.dataset.voc_training import open_voc_training
from harness.dataset.widerface import IMAGES, open_widerface, widerface_truth
from harness.dataset.widerface_training import open_widerface_training
from harness.values.truth import Truth


class Reader(Protocol):
    """Opens the set of one dataset under a data root."""

    def __call__(
        self,
        root: Path,
        *,
        limit: int | None = None,
        digests: DigestCache | None = None,
    ) -> LabelledSet[Truth]:
        """Open and check; only the first ``limit`` images when it is given.

        Args:
            root: the data root.
            limit: take only the first images, at most so many.
            digests: spares the reading of files that did not change.

        Raises:
            UsageError: the limit is below 1.
            DatasetMissing: its annotations, or all of its images, are not there.
            DatasetInvalid: its annotations are malformed.
        """
        ...


class TrainingReader(Protocol):
    """Opens the training set of one dataset under a data root."""

    def __call__(
        self, root: Path, *, digests: DigestCache | None = None
    ) -> TrainingSet:
        """Open and check; every image must be there.

        Args:
            root: the data root.
            digests: spares the reading of files that did not change.

        Raises:
            DatasetMissing: its annotations, or one of its images, are not there.
            DatasetInvalid: its annotations are malformed, or hold no object.
        """
        ...


class Drawer(Protocol):
    """Draws a set of one dataset under a data root, unless it is there."""

    def __call__(
        self, root: Path, *, seed: int, count: int, report: Callable[[int, int], None]
    ) -> None:
        """Draw ``count`` images of the series ``seed``; told after each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationFile:
    """How truth is read from one file, where all annotations are in one."""

    path: Path  # below a data root
    truth: Callable[[Path], Truth]
    #: Class as the truth has it -> its name, where the truth keeps ids alone.
    class_names: Callable[[Path], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What the house does with the files of one dataset."""

    folder: str  # of a data root: where its files are
    open: Reader
    truth: Callable[[Path], Truth]  # of a data root; no image is touched
    annotation_file: AnnotationFile | None = None  # None: they are many files
    decoder: str  # key of ``views.DECODERS``: what the published evaluation read with
    draw: Drawer
    drawn_classes: tuple[str, ...] | None  # None: one kind of thing
    open_training: TrainingReader | None  # None: nothing here is trained on it
    draw_training: Drawer | None  # beside what ``draw`` draws; its seed is another


#: Word of rows -> the dataset; the same words as ``PUBLISHED_DATASETS``.
DATASETS: Mapping[str, Dataset] = {
    "coco": Dataset(
        folder=ANNOTATIONS.parts[0],
        open=open_coco,
        truth=coco_truth,
        annotation_file=AnnotationFile(
            path=ANNOTATIONS,
            truth=coco_truth_of,
            class_names=coco_category_names_of,
        ),
        decoder="opencv",  # zoo-spec 1.2
        draw=write_coco_scenes,
        drawn_classes=CLASS_NAMES,
        open_training=open_coco_training,
        draw_training=write_coco_training_scenes,
    ),
    "voc": Dataset(
        folder=DEVKIT.name,
        open=open_voc,
        truth=voc_truth,
        decoder="opencv",  # zoo-spec 1.6
        draw=write_voc_scenes,
        drawn_classes=CLASS_NAMES,
        open_training=open_voc_training,
        draw_training=write_voc_training_scenes,
    ),
    "widerface": Dataset(
        folder=IMAGES.parts[0],
        open=open_widerface,
        truth=widerface_truth,
        decoder="pillow",  # zoo-spec 1.7
        draw=write_widerface_scenes,
        drawn_classes=None,
        open_training=open_widerface_training,
        draw_training=write_widerface_training_scenes,
    ),
}
