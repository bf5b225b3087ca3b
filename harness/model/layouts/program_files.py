"""A folder in, the files of its program out.

The names that exporters gave them.  # zoo-spec 3.1, 3.6
"""

from __future__ import annotations

from pathlib import Path

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
    return next((one for one in sorted(folder.glob(f"*{PDMODEL}"))), None)


def find_parameters(program: Path) -> Path | None:
    """Return the one file of a program's parameters, None when there is none."""
    if program.suffix == PDMODEL:
        paths = [program.with_suffix(PDIPARAMS)]
    else:
        paths = [program.with_name(PARAMETERS_OF[program.name])]
    # Some kept the names apart: any of them may lie beside any program.
    paths += [program.with_name(one) for one in PARAMETERS_OF.values()]
    return next((one for one in paths if one.is_file()), None)
