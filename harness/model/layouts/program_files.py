"""Finds the files of a folder's program, by the names that exporters gave them.

# zoo-spec 3.1, 3.6
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import ArchiveUnreadable
from harness.model.fluid.program_desc import MAX_PROGRAM_BYTES
from harness.model.layouts.contract import files_in

#: Program -> the file its parameters are in, unless they are one file each.
PARAMETERS_OF = {
    "__model__": "__params__",
    "__model__.infer": "__params__",
    "model": "weights",
}
PDMODEL, PDIPARAMS = ".pdmodel", ".pdiparams"


def find_program(folder: Path) -> Path | None:
    """Return the program of a folder; with several, the first name of the list."""
    for name in PARAMETERS_OF:
        if (folder / name).is_file():
            return folder / name
    # A folder or a pipe of that name is no program: reading it would fail or wait.
    return next((one for one in files_in(folder) if one.suffix == PDMODEL), None)


def read_program_bytes(path: Path) -> bytes:
    """Return the bytes of a program, after its size was asked.

    Raises:
        ArchiveUnreadable: it is no regular file, or larger than any program.
    """
    if not path.is_file():
        raise ArchiveUnreadable(
            "not a program", expected="a regular file", got="something else"
        )
    size_bytes = path.stat().st_size
    if size_bytes > MAX_PROGRAM_BYTES:
        raise ArchiveUnreadable(
            "size of the program",
            expected=f"at most {MAX_PROGRAM_BYTES} bytes",
            got=size_bytes,
        )
    return path.read_bytes()


def find_parameters(program: Path) -> Path | None:
    """Return the one file of a program's parameters, None when there is none."""
    paths = [program.with_name(parameters_name(program))]
    # Some kept the names apart: any of them may lie beside any program.
    paths += [program.with_name(one) for one in PARAMETERS_OF.values()]
    return next((one for one in paths if one.is_file()), None)


def parameters_name(program: Path) -> str:
    """Return how exporters name the one file of a program's parameters."""
    if program.suffix == PDMODEL:
        return program.with_suffix(PDIPARAMS).name
    return PARAMETERS_OF[program.name]
