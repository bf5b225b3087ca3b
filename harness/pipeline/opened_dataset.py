"""A dataset's word in; its images, truth and difference from the published one out."""

from __future__ import annotations

from dataclasses import dataclass

from harness.dataset.digest_cache import FILE_NAME, DigestCache
from harness.dataset.labelled import LabelledSet
from harness.dataset.published import NAMED_FILES, differences
from harness.dataset.readers import DATASETS
from harness.errors import DatasetMissing
from harness.pipeline.settings import Settings
from harness.registry.datasets import KnownDataset
from harness.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDataset:
    """A dataset ready to be detected on."""

    name: str
    found: LabelledSet[Truth]
    differences: tuple[str, ...]  # from the published one; not asked of a part


def open_dataset(name: str, settings: Settings) -> OpenedDataset:
    """Open and check the dataset of a zoo's rows.

    Raises:
        DatasetMissing: no data root, no such set under it, or no reader for it yet.
        DatasetInvalid: the set is there and malformed.
    """
    if name not in DATASETS:
        raise DatasetMissing(
            f"no reader for the dataset {name!r} in this version",
            expected=" or ".join(DATASETS),
        )
    if settings.data_root is None:
        raise DatasetMissing(
            f"no data root to look for {name} in",
            next_step="give --data-root DIR or set ZOO_DATA_ROOT",
        )
    digests = DigestCache(settings.cache / FILE_NAME)
    found = DATASETS[name](settings.data_root, limit=settings.limit, digests=digests)
    digests.save()
    if found.limit is not None:
        return OpenedDataset(name=name, found=found, differences=_told_faults(found))
    known = settings.known_datasets.get(name, KnownDataset())
    told = differences(
        found,
        image_count=known.image_count,
        annotation_count=known.annotation_count,
        fingerprint=known.fingerprint,
        truth_sha256=known.truth_sha256,
        files=known.files,
    )
    return OpenedDataset(
        name=name, found=found, differences=(*_told_faults(found), *told)
    )


def _told_faults(found: LabelledSet[Truth]) -> tuple[str, ...]:
    """Return the faults in one line when they are many."""
    if len(found.faults) <= NAMED_FILES:
        return found.faults
    named = "; ".join(found.faults[:NAMED_FILES])
    return (f"{len(found.faults)} files cannot be read: {named}; ...",)
