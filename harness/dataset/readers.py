"""The datasets that can be opened, by the word that rows use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from harness.dataset.coco import open_coco
from harness.dataset.digest_cache import DigestCache
from harness.dataset.labelled import LabelledSet
from harness.dataset.voc import open_voc
from harness.dataset.widerface import open_widerface
from harness.values.truth import Truth


class Reader(Protocol):
    """What opens the set of one dataset under a data root."""

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


DATASETS: Mapping[str, Reader] = {
    "coco": open_coco,
    "voc": open_voc,
    "widerface": open_widerface,
}
