"""Reads a ``.pdparams`` pickle and the ``.pdopt`` beside it, as ``fluid.save`` writes.

The second is the optimizer's state.  # zoo-spec 3.1
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from harness.errors import ArchiveUnreadable, located
from harness.model.fluid.pickled_arrays import read_pickled_arrays
from harness.model.layouts.contract import (
    Layout,
    Stored,
    WeightSource,
    each_once,
    files_in,
)

PARAMETERS, OPTIMIZER = ".pdparams", ".pdopt"


def recognise(folder: Path) -> bool:
    """Tell whether there is a file of that name."""
    return any(one.suffix == PARAMETERS for one in files_in(folder))


def open_folder(folder: Path, names: Sequence[str] = ()) -> WeightSource:
    """Return the arrays of both files.

    Args:
        folder: holds them.
        names: the network's variables; they decide where an array has two names.

    Raises:
        ArchiveUnreadable: several files of parameters, one is damaged or holds anything
            but arrays, or an array is there twice.
    """
    pickles = [one for one in files_in(folder) if one.suffix == PARAMETERS]
    if len(pickles) != 1:
        raise ArchiveUnreadable(
            f"{len(pickles)} files {PARAMETERS}",
            expected="one",
            got=", ".join(one.name for one in pickles),
        )
    read = [pickles[0]]
    optimizer = pickles[0].with_suffix(OPTIMIZER)
    if optimizer.is_file():
        read.append(optimizer)
    return WeightSource(
        stored=each_once(one for path in read for one in _arrays(path, names)),
        unit="array",
        ignored_files=tuple(one.name for one in files_in(folder) if one not in read),
    )


def _arrays(path: Path, names: Sequence[str]) -> Iterator[Stored]:
    with located(path.name):
        arrays = read_pickled_arrays(path, names)
    for name, array in arrays.items():
        yield Stored(
            name=name,
            place=f"{path.name}: {name}",
            read=partial(lambda one: one, array),
        )


PDPARAMS = Layout(recognise=recognise, open=open_folder)
