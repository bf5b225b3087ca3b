"""Reads the truth of a dataset; no image is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.dataset.datasets import DATASETS
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
    if dataset not in DATASETS:
        raise UsageError(
            "dataset",
            expected=" or ".join(DATASETS),
            got=repr(dataset) if dataset else "nothing",
            next_step="give the word of a dataset",
        )
    one_file = DATASETS[dataset].annotation_file
    if file is not None:
        if one_file is None:
            raise UsageError(
                f"--truth for {dataset}",
                expected="a data root: its annotations are many files",
                next_step="give --data-root DIR",
            )
        with _refusing_unreadable(file):
            return one_file.truth(file)
    if data_root is None:
        raise UsageError(
            f"no annotations of {dataset} to score against",
            next_step="give --data-root DIR, or set ZOO_DATA_ROOT"
            + (", or give --truth FILE" if one_file is not None else ""),
        )
    with _refusing_unreadable(data_root):
        demand_data_root(data_root)
        return DATASETS[dataset].truth(data_root)


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


def class_names_beside(
    dataset: str, *, data_root: Path | None = None, file: Path | None = None
) -> Mapping[str, str]:
    """Return class -> name, where a truth that was opened has the ids of classes alone.

    Args:
        dataset: as :func:`open_truth` was given it; so are the others.
        data_root: where datasets are.
        file: the annotations themselves.

    Raises:
        DatasetMissing: the annotations are not there.
        DatasetInvalid: they are malformed.
    """
    one_file = DATASETS[dataset].annotation_file
    if one_file is None:
        return {}
    return one_file.class_names(file or (data_root or Path()) / one_file.path)
