"""Checks a dataset under a data root: its faults, differences and unusual files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.dataset.box_traits import BOX_TRAITS, box_traits
from harness.dataset.datasets import DATASETS
from harness.dataset.image import ImageEntry, read_rgb
from harness.dataset.image_folder import SUFFIXES, ImageFolder
from harness.dataset.image_traits import TRAITS, inspect_image
from harness.dataset.labelled import LabelledSet
from harness.dataset.views import DECODERS
from harness.pipeline.measure.dataset_classes import class_faults
from harness.pipeline.measure.opened_dataset import open_dataset
from harness.pipeline.measure.settings import Settings
from harness.values.datasets import KnownDataset
from harness.values.rows import Row
from harness.values.truth import Truth

#: A file beside the images that the annotations do not list.
UNLISTED = "unlisted"

#: What is done about a trait that two tools take in two ways.  # zoo-spec 1.2, 1.7
MEANINGS: Mapping[str, str] = {
    "turned": "an EXIF orientation: turned for YOLOv3 as OpenCV does, not for faces",
    "other_size": "boxes are of the size that the annotations state: it is used",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDataset:
    """The outcome of a check."""

    name: str
    image_count: int
    annotation_count: int
    fingerprint: str
    faults: tuple[str, ...]  # images that cannot be measured on, and classes, named
    differences: tuple[str, ...]  # from what is known of the published one
    traits: Mapping[str, tuple[str, ...]]  # what is unusual and fine -> images

    @property
    def is_sound(self) -> bool:
        """Whether a number measured on it is one of the published dataset."""
        return not self.faults and not self.differences


def check_dataset(
    name: str,
    settings: Settings,
    *,
    rows: Sequence[Row] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
    noting: Callable[[str], None] = lambda line: None,
) -> CheckedDataset:
    """Open a dataset, decode every image, and say what is wrong or unusual.

    Args:
        name: key of ``DATASETS``.
        settings: say where it is and what is known of it.
        rows: of the zoo; those of the dataset must have its classes.
        progress: called with (done, total) after each image.
        noting: told, a line, of kept digests that cannot be used.

    Raises:
        DatasetMissing: it is not there, or there is no reader for it yet.
        DatasetInvalid: its annotations are malformed.
    """
    opened = open_dataset(name, settings, noting=noting)
    labelled, root = opened.labelled, settings.data_root
    assert root is not None  # it was opened there
    known = settings.known_datasets.get(name, KnownDataset())
    of_dataset = [row for row in rows if row.dataset == name]
    faults = list(class_faults(labelled, of_dataset, known))
    folders: dict[Path, ImageFolder] = {}
    traits: dict[str, list[str]] = {one: [] for one in (*TRAITS, *BOX_TRAITS, UNLISTED)}
    for done, entry in enumerate(labelled.images, start=1):
        inspected = inspect_image(
            entry.path,
            DECODERS[DATASETS[name].decoder],
            witness=read_rgb,
            width_px=entry.width_px,
            height_px=entry.height_px,
        )
        if inspected.fault is not None:
            instead = _told_absent(entry.path, folders)
            faults.append(inspected.fault + (f"; {instead}" if instead else ""))
        for trait in inspected.traits:
            traits[trait].append(_named(entry, root))
        progress(done, len(labelled.images))
    names = {entry.image_id: _named(entry, root) for entry in labelled.images}
    for trait, image_ids in box_traits(labelled).items():
        traits[trait] = [names[image_id] for image_id in image_ids]
    traits[UNLISTED] = [] if labelled.limit else _unlisted(labelled, root)
    return CheckedDataset(
        name=name,
        image_count=labelled.image_count,
        annotation_count=labelled.annotation_count,
        fingerprint=labelled.fingerprint,
        faults=tuple(faults),
        differences=opened.differences,
        traits={trait: tuple(images) for trait, images in traits.items() if images},
    )


def _told_absent(path: Path, folders: dict[Path, ImageFolder]) -> str:
    """Say which file is in the place of a missing image; nothing where none is."""
    if path.is_file():
        return ""
    folder = folders.setdefault(path.parent, ImageFolder(path.parent))
    return folder.told_absent(path.name)


def _named(entry: ImageEntry, root: Path) -> str:
    return entry.path.relative_to(root).as_posix()


def _unlisted(labelled: LabelledSet[Truth], root: Path) -> list[str]:
    listed = {entry.path for entry in labelled.images}
    return [
        path.relative_to(root).as_posix()
        for folder in sorted({path.parent for path in listed if path.parent.is_dir()})
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES
        and path not in listed
        and not path.name.startswith(".")
    ]
