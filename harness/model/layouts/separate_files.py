"""Reads and writes one fluid file per variable, as ``save_persistables`` does.

The layout of January 2020.  # zoo-spec 3.1, 3.6
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from harness.model.fluid.lod_tensor import begins_a_record, read_tensor, write_tensor
from harness.model.layouts.contract import Layout, Stored, WeightSource, files_in
from harness.model.layouts.weights import Arrays

#: One of these is in every such folder of the zoo's YOLOv3 networks.  # zoo-spec 3.6
TELLING = ("conv1_weights", "conv1_1_weights")


def recognise(folder: Path) -> bool:
    """Tell whether there is a telling file, or more than one that begins a record."""
    if any((folder / one).is_file() for one in TELLING):
        return True
    records = 0
    for path in files_in(folder):
        records += begins_a_record(path)
        if records > 1:
            return True
    return False


def open_folder(folder: Path, names: Sequence[str] = ()) -> WeightSource:
    """Return the files of a folder as the variables that they are named for."""
    del names  # the files have them
    arrays = {
        path.name: Stored(
            name=path.name, place=path.name, read=partial(read_tensor, path)
        )
        for path in files_in(folder)
    }
    return WeightSource(stored=arrays, unit="file")


def write_weights(folder: Path, values: Arrays) -> None:
    """Write one file per variable, as ``save_persistables`` does."""
    for name, array in values.items():
        write_tensor(folder / name, array)


SEPARATE_FILES = Layout(recognise=recognise, open=open_folder)
