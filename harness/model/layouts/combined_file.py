"""Reads and writes one file of records back to back, without their names.

``save_persistables`` writes it when it is given a file name. The records are in the
order of their sorted names.  # zoo-spec 3.1
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable, located
from harness.files.atomic import write_bytes
from harness.model.fluid.lod_tensor import begins_a_record, parse_tensor, tensor_record
from harness.model.fluid.program_desc import parse_program
from harness.model.layouts.contract import (
    Layout,
    Stored,
    WeightSource,
    each_once,
    files_in,
)
from harness.model.layouts.program_files import find_program, read_program_bytes
from harness.model.layouts.weights import Arrays

#: What our own writer calls the file; any other name is read as well.
FILE = "persistables"
#: The zoo's networks have up to 459 variables.  # zoo-spec 3.6
MAX_RECORDS = 20_000


def recognise(folder: Path) -> bool:
    """Tell whether exactly one file begins a record."""
    return sum(begins_a_record(path) for path in files_in(folder)) == 1


def open_folder(folder: Path, names: Sequence[str]) -> WeightSource:
    """Return the records of the one file.

    Args:
        folder: holds it, and maybe the program that was saved with it.
        names: the network's variables; used when there is no program.

    Raises:
        ArchiveUnreadable: the program or the file is damaged, or they do not fit.
    """
    (path,) = (one for one in files_in(folder) if begins_a_record(one))
    program = find_program(folder)
    if program is not None:
        with located(program.name):
            names = tuple(parse_program(read_program_bytes(program)).parameters())
    return WeightSource(
        stored=each_once(read_records(path, sorted(names))),
        unit="record",
        ignored_files=tuple(one.name for one in files_in(folder) if one != path),
    )


def read_records(path: Path, names: Sequence[str]) -> list[Stored]:
    """Return the records of a file; the arrays are mapped, read-only.

    Args:
        path: the file.
        names: of the variables, in the file's order.

    Raises:
        ArchiveUnreadable: a record is damaged or missing, bytes follow the last, or
            there are too many; names the variable and the byte.
    """
    records: list[Stored] = []
    with located(path.name):
        if len(names) > MAX_RECORDS:
            raise ArchiveUnreadable(
                "records", expected=f"at most {MAX_RECORDS}", got=len(names)
            )
        content = _mapped(path)
        at = 0
        for number, name in enumerate(names):
            if at == len(content):
                raise ArchiveUnreadable(
                    f"byte {at}: the file ends before {name}",
                    expected=f"{len(names)} records",
                    got=number,
                )
            with located(name):
                array, end = parse_tensor(content, at)
            records.append(
                Stored(name=name, place=f"{name} (byte {at})", read=_held(array))
            )
            at = end
        if at != len(content):
            raise ArchiveUnreadable(
                f"byte {at}: bytes after {names[-1] if names else 'nothing'}, the last",
                expected=f"{len(names)} records in {at} bytes",
                got=f"{len(content)} bytes",
                next_step="a training program's file needs its program beside it",
            )
    return records


def write_combined(folder: Path, values: Arrays) -> None:
    """Write all variables into one file, as ``save_persistables`` with a file name."""
    content = b"".join(tensor_record(values[name]) for name in sorted(values))
    write_bytes(folder / FILE, content)


def _mapped(path: Path) -> memoryview:
    if path.stat().st_size == 0:
        raise ArchiveUnreadable("empty file", expected="tensor records")
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _held(array: NDArray[Any]) -> Callable[[], NDArray[Any]]:
    return lambda: array


COMBINED_FILE = Layout(recognise=recognise, open=open_folder)
