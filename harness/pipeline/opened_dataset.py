"""A dataset's word in; its images, truth and difference from the published one out."""

from __future__ import annotations

from dataclasses import dataclass

from harness.dataset.coco import CocoSet, open_coco
from harness.dataset.published import differences
from harness.errors import DatasetMissing
from harness.pipeline.settings import Settings
from harness.registry.datasets import KnownDataset

#: Datasets that this version can open.
OPENED = ("coco",)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDataset:
    """A dataset ready to be detected on."""

    name: str
    found: CocoSet
    differences: tuple[str, ...]  # from the published one; not asked of a part


def open_dataset(name: str, settings: Settings) -> OpenedDataset:
    """Open and check the dataset of a zoo's rows.

    Raises:
        DatasetMissing: no data root, no such set under it, or no reader for it yet.
        DatasetInvalid: the set is there and malformed.
    """
    if name not in OPENED:
        raise DatasetMissing(
            f"no reader for the dataset {name!r} in this version",
            expected=" or ".join(OPENED),
        )
    if settings.data_root is None:
        raise DatasetMissing(
            f"no data root to look for {name} in",
            next_step="give --data-root DIR or set ZOO_DATA_ROOT",
        )
    found = open_coco(settings.data_root, limit=settings.limit)
    if found.limit is not None:
        return OpenedDataset(name=name, found=found, differences=())
    known = settings.known_datasets.get(name, KnownDataset())
    told = differences(
        found,
        image_count=known.image_count,
        annotation_count=known.annotation_count,
        fingerprint=known.fingerprint,
    )
    return OpenedDataset(name=name, found=found, differences=told)
