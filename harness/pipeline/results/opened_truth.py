"""A dataset's word and a place in, its truth out: no image is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.dataset.coco import ANNOTATIONS
from harness.dataset.truths import TRUTH_FILES, TRUTHS, coco_class_names_of
from harness.errors import DatasetInvalid, UsageError, located
from harness.pipeline.measure.data_root import demand_data_root
from harness.values.truth import Truth


def open_truth(
    dataset: str, *, data_root: Path | None = None, file: Path | None = None
) -> Truth:
    """Return what the annotations of a dataset say.

    Args:
        dataset: the word that rows use.
        data_root: where datasets are.
        file: the annotations themselves, for a dataset that has one file of them.

    Raises:
        UsageError: no such dataset, not exactly one place to look in, or a data root
            that is no folder.
        DatasetMissing: the annotations are not there.
        DatasetInvalid: they are malformed.
    """
    if dataset not in TRUTHS:
        raise UsageError(
            "dataset",
            expected=" or ".join(TRUTHS),
            got=repr(dataset) if dataset else "nothing",
            next_step="give the word of a dataset",
        )
    if file is not None:
        if dataset not in TRUTH_FILES:
            raise UsageError(
                f"--truth for {dataset}",
                expected="a data root: its annotations are many files",
                next_step="give --data-root DIR",
            )
        with _refusing_unreadable(file):
            return TRUTH_FILES[dataset](file)
    if data_root is None:
        raise UsageError(
            f"no annotations of {dataset} to score against",
            next_step="give --data-root DIR, or set ZOO_DATA_ROOT"
            + (", or give --truth FILE" if dataset in TRUTH_FILES else ""),
        )
    with _refusing_unreadable(data_root):
        demand_data_root(data_root)
        return TRUTHS[dataset](data_root)


@contextmanager
def _refusing_unreadable(place: Path) -> Iterator[None]:
    """Refuse what no reader has named: a name with a NUL, a folder that is closed."""
    try:
        yield
    except OSError as error:
        with located(error.filename or place):
            raise DatasetInvalid(
                "cannot be read",
                got=error.strerror or error,
                next_step="make it readable, or give other annotations",
            ) from error
    except ValueError as error:
        if "null" not in str(error):
            raise
        with located(place):
            raise DatasetInvalid(
                "names a file that cannot be", got=error, next_step="mend the name"
            ) from error


def coco_class_names(
    *, data_root: Path | None = None, file: Path | None = None
) -> Mapping[str, str]:
    """Return category id -> name, as the annotations that were opened have it.

    Args:
        data_root: where datasets are.
        file: the annotations themselves.

    Raises:
        DatasetMissing: the annotations are not there.
        DatasetInvalid: they are malformed.
    """
    if file is None:
        file = (data_root or Path()) / ANNOTATIONS
    return coco_class_names_of(file)
