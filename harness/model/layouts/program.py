"""Reads an inference program and its parameters, as ``save_inference_model`` writes.

The parameters are in one file or in one each.  # zoo-spec 3.1, 3.6
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import ArchiveUnreadable, located
from harness.model.fluid.allowed_program import demand_allowed
from harness.model.fluid.lod_tensor import CODES, DTYPES
from harness.model.fluid.program_desc import (
    ProgramDesc,
    ProgramVariable,
    parse_program,
)
from harness.model.layouts import separate_files
from harness.model.layouts.combined_file import read_records
from harness.model.layouts.contract import (
    InferenceProgram,
    Layout,
    WeightSource,
    each_once,
    files_in,
    listed,
)
from harness.model.layouts.program_files import (
    find_parameters,
    find_program,
    parameters_name,
    read_program_bytes,
)


def recognise(folder: Path) -> bool:
    """Tell whether there is a program that is fed and fetched from, or a damaged one.

    A training or evaluation program saved beside its variables is neither.
    """
    path = find_program(folder)
    if path is None:
        return False
    try:
        program = parse_program(read_program_bytes(path))
    except ArchiveUnreadable:
        return True  # opening it says what is wrong
    return bool(program.feeds() and program.fetches())


def open_folder(folder: Path, names: Sequence[str] = ()) -> WeightSource:
    """Return the parameters of the program, and the program.

    Raises:
        ArchiveUnreadable: the program is damaged, does what no detector of the zoo
            does, or is fed something else than an image and perhaps its size. Or its
            parameters are missing, damaged or of another shape.
    """
    del names  # the program has them
    path = find_program(folder)
    assert path is not None
    with located(path.name):
        desc = demand_allowed(parse_program(read_program_bytes(path)))
        image, im_size = _feeds(desc)
        if len(desc.fetches()) != 1:
            raise ArchiveUnreadable(
                "fetches of the program",
                expected="one, the detections",
                got=", ".join(desc.fetches()),
            )
    program = InferenceProgram(
        desc=_with_open_sides(desc, image), image=image, im_size=im_size
    )
    source = _parameters(folder, path, program.parameters)
    for variable in desc.parameters().values():
        _demand_described(source, variable)
    return replace(source, program=program)


def _with_open_sides(desc: ProgramDesc, image: str) -> ProgramDesc:
    """Return the program with the last two sides of its image left open.

    The published exporter fixed the input at 608; the network takes any.
    # zoo-spec 3.3
    """
    variable = desc.variables[image]
    opened = replace(variable, shape=(*variable.shape[:-2], -1, -1))
    return replace(desc, variables={**desc.variables, image: opened})


def _parameters(folder: Path, path: Path, names: Sequence[str]) -> WeightSource:
    combined = find_parameters(path)
    if combined is not None:
        read = (path, combined)
        return WeightSource(
            stored=each_once(read_records(combined, names)),
            unit="record",
            ignored_files=tuple(
                one.name for one in files_in(folder) if one not in read
            ),
        )
    source = separate_files.open_folder(folder)
    stored = {name: one for name, one in source.stored.items() if name != path.name}
    if names and not any(name in stored for name in names):
        raise ArchiveUnreadable(
            f"the parameters of {path.name} are missing",
            expected=f"{parameters_name(path)} beside it, or a file for each of its "
            f"{len(names)} parameters",
            got=listed(sorted(stored)),
            next_step=f"pack {parameters_name(path)} too: "
            "save_inference_model wrote both",
        )
    return replace(source, stored=stored)


def _feeds(desc: ProgramDesc) -> tuple[str, str | None]:
    """Return the names of the image and of its original size, if that is fed too."""
    fed = {name: desc.variables.get(name) for name in desc.feeds()}
    images = [name for name, one in fed.items() if one and len(one.shape) == 4]
    sizes = [name for name, one in fed.items() if one and len(one.shape) == 2]
    if len(images) != 1 or len(sizes) > 1 or len(fed) != 1 + len(sizes):
        raise ArchiveUnreadable(
            "feeds of the program",
            expected="an image [-1, 3, H, W] and at most its size [-1, 2]",
            got=", ".join(
                f"{name} {list(one.shape) if one else '(no such variable)'}"
                for name, one in fed.items()
            ),
        )
    return images[0], sizes[0] if sizes else None


def _demand_described(source: WeightSource, variable: ProgramVariable) -> None:
    array = source.read(variable.name)
    with located(source.stored[variable.name].place):
        if array.shape != variable.shape:
            raise ArchiveUnreadable(
                "shape",
                expected=f"{variable.shape}, as in the program",
                got=array.shape,
            )
        if CODES[array.dtype] != variable.data_type:
            expected = DTYPES.get(variable.data_type or 0, variable.data_type)
            raise ArchiveUnreadable(
                "type", expected=f"{expected}, as in the program", got=array.dtype
            )


PROGRAM = Layout(recognise=recognise, open=open_folder)
