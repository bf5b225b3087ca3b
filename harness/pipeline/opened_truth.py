"""A dataset's word and a place in, its truth out: no image is read."""

from __future__ import annotations

from pathlib import Path

from harness.dataset.truths import TRUTH_FILES, TRUTHS
from harness.errors import UsageError
from harness.truth import Truth


def open_truth(
    dataset: str, *, data_root: Path | None = None, file: Path | None = None
) -> Truth:
    """Return what the annotations of a dataset say.

    Args:
        dataset: the word that rows use.
        data_root: where datasets are.
        file: the annotations themselves, for a dataset that has one file of them.

    Raises:
        UsageError: no such dataset, or not exactly one place to look in.
        DatasetMissing: the annotations are not there.
        DatasetInvalid: they are malformed.
    """
    if dataset not in TRUTHS:
        raise UsageError("dataset", expected=" or ".join(TRUTHS), got=repr(dataset))
    if file is not None:
        if dataset not in TRUTH_FILES:
            raise UsageError(
                f"--truth for {dataset}",
                expected="--data-root DIR: its annotations are many files",
            )
        return TRUTH_FILES[dataset](file)
    if data_root is None:
        raise UsageError(
            f"no annotations of {dataset} to score against",
            next_step="give --data-root DIR, or set ZOO_DATA_ROOT"
            + (", or give --truth FILE" if dataset in TRUTH_FILES else ""),
        )
    return TRUTHS[dataset](data_root)
