"""Opens the dataset of rows, and compares it with the published one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.dataset.datasets import DATASETS
from harness.dataset.digest_cache import FILE_NAME, DigestCache
from harness.dataset.labelled import LabelledSet
from harness.dataset.published import NAMED_FILES, differences
from harness.errors import DatasetMissing
from harness.pipeline.measure.settings import Settings
from harness.printable import counted, first_few
from harness.values.datasets import KnownDataset
from harness.values.truth import Truth

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDataset:
    """A dataset ready to be detected on."""

    name: str
    labelled: LabelledSet[Truth]
    differences: tuple[str, ...]  # from the published one; not asked of a part


def open_dataset(
    name: str, settings: Settings, *, noting: Callable[[str], None] = lambda line: None
) -> OpenedDataset:
    """Open and check the dataset of a zoo's rows.

    Digests of files that an earlier run computed spare their reading. Before a dataset
    is said to differ from the published one, every file is read.

    Args:
        name: the word that rows use.
        settings: say where it is and what is known of it.
        noting: told, a line, of kept digests that cannot be used.

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
    if digests.damage is not None:
        noting(f"{FILE_NAME} of the cache is made anew: {digests.damage}")
    opened = _open(name, settings.data_root, settings, digests)
    if opened.differences and digests.is_believed:
        LOGGER.info("%s differs by kept digests: every file of it is read again", name)
        digests.doubt()
        opened = _open(name, settings.data_root, settings, digests)
    digests.save()
    LOGGER.info(
        "%s under %s: %s %s, fingerprint %s, %s",
        name,
        settings.data_root,
        "all" if opened.labelled.limit is None else "the first",
        counted(opened.labelled.image_count, "image"),
        opened.labelled.fingerprint,
        counted(len(opened.differences), "difference"),
    )
    return opened


def _open(
    name: str, data_root: Path, settings: Settings, digests: DigestCache
) -> OpenedDataset:
    labelled = DATASETS[name].open(data_root, limit=settings.limit, digests=digests)
    unlike: tuple[str, ...] = ()
    if labelled.limit is None:
        known = settings.known_datasets.get(name, KnownDataset())
        unlike = differences(labelled, known)
    return OpenedDataset(
        name=name, labelled=labelled, differences=(*_told_faults(labelled), *unlike)
    )


def _told_faults(labelled: LabelledSet[Truth]) -> tuple[str, ...]:
    """Return the faults in one line when they are many."""
    if len(labelled.faults) <= NAMED_FILES:
        return labelled.faults
    named = first_few(labelled.faults, NAMED_FILES, joint="; ")
    return (f"{len(labelled.faults)} files cannot be read: {named}",)
