"""Reads the truth of a dataset, or of listed images of it; no image is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from harness.dataset.datasets import DATASETS
from harness.errors import (
    DatasetInvalid,
    DetectionsInvalid,
    UsageError,
    located,
    refusing_unreadable,
)
from harness.pipeline.measure.data_root import demand_data_root
from harness.values.truth import FaceTruth, Truth

#: Endings of a listed name that are none of the image's: of it and of its result file.
SUFFIXES = (".txt", ".jpg", ".jpeg", ".png", ".bmp")

_FORM = "write one name a line, as 0--Parade/0_Parade_marchingband_1_849"


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


def truth_of_listed(path: Path, truth: Truth) -> FaceTruth:
    """Return the truth of the images that a file lists, one name a line.

    Args:
        path: a text file; suffixes, ``./`` and backslashes are as good.
        truth: of WIDER FACE.

    Raises:
        UsageError: the truth is of another dataset.
        DetectionsInvalid: the file cannot be read, lists nothing, or an image that the
            truth does not.
    """
    if not isinstance(truth, FaceTruth):
        raise UsageError(
            "--images",
            expected="none: it is a choice of widerface",
            next_step="score against the annotations of those images alone",
        )
    with located(path):
        with refusing_unreadable(DetectionsInvalid, _FORM):
            content = path.read_bytes()
        try:
            lines = content.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise DetectionsInvalid(
                "not UTF-8 text", got=error, next_step="write it again as UTF-8"
            ) from error
        ids = dict(
            zip(truth.image_names.tolist(), truth.image_ids.tolist(), strict=True)
        )
        listed = []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            name = _image_name(line)
            if name not in ids:
                raise DetectionsInvalid(
                    f"line {number}",
                    expected=f"one of the {len(ids)} images of the truth",
                    got=repr(name[:80]),
                    next_step=_FORM,
                )
            listed.append(ids[name])
        if not listed:
            raise DetectionsInvalid("no image is listed", next_step=_FORM)
    return truth.subset(np.array(listed))


def _image_name(line: str) -> str:
    name = line.strip().replace("\\", "/").removeprefix("./")
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name
