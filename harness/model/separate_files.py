"""A folder of one fluid file per variable in, a complete set of weights out.

The layout that ``save_persistables`` wrote in January 2020.  # zoo-spec 3.1, 3.6
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable, located
from harness.model.fluid_tensor import read_tensor, write_tensor
from harness.model.plan import Plan

Arrays = Mapping[str, NDArray[Any]]

LAYOUT = "separate_files"

#: Names that a training program saves beside the network.  # zoo-spec 2.6
BOOKKEEPING = re.compile(
    r"(teacher_.*|.*_velocity_\d+|.*_momentum_\d+|.*_mean_square_\d+|.*_mean_grad_\d+"
    r"|learning_rate.*|@LR_DECAY_COUNTER@|reduce_sum_\d+\.tmp_0)"
)
#: How many names a message lists before it counts the rest.
LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A value for every variable of a plan, and what else lay there."""

    values: Arrays
    ignored_files: tuple[str, ...]  # sorted


def shape_in(folder: Path, name: str) -> tuple[int, ...]:
    """Return the shape that the file of a variable has.

    Raises:
        ArchiveUnreadable: the file is missing or damaged.
    """
    path = folder / name
    if not path.is_file():
        raise ArchiveUnreadable(
            f"{name}: no such file",
            expected="one file per variable",
            got=_some(sorted(one.name for one in folder.iterdir())),
        )
    return tuple(read_tensor(path).shape)


def read_weights(folder: Path, plan: Plan) -> Weights:
    """Read a value for every variable of the plan; nothing keeps an initial value.

    Raises:
        ArchiveUnreadable: a variable is missing, has another shape or type, or holds a
            number that is not finite. All missing and mis-shaped ones are named, and
            with missing ones the files that no variable asked for.
    """
    present = {one.name for one in folder.iterdir() if one.is_file()}
    extra = sorted(present - set(plan.variables))
    missing = [name for name in plan.variables if name not in present]
    if missing:
        unknown = [name for name in extra if not BOOKKEEPING.fullmatch(name)]
        raise ArchiveUnreadable(
            f"{len(missing)} of {len(plan.variables)} variables have no file",
            expected=_some(missing),
            got=f"files of no variable: {_some(unknown)}" if unknown else "none",
        )
    values: dict[str, NDArray[Any]] = {}
    wrong = []
    for name, variable in plan.variables.items():
        array = read_tensor(folder / name)
        if array.shape != variable.shape:
            wrong.append(f"{name} {variable.shape} is {array.shape}")
        values[name] = array
    if wrong:
        raise ArchiveUnreadable(
            f"{len(wrong)} variables have another shape", got=_some(wrong)
        )
    for name, array in values.items():
        with located(name):
            _demand_finite(array)
    return Weights(values=values, ignored_files=tuple(extra))


def write_weights(folder: Path, values: Arrays) -> None:
    """Write one file per variable, as ``save_persistables`` does."""
    for name, array in values.items():
        write_tensor(folder / name, array)


def _demand_finite(array: NDArray[Any]) -> None:
    if array.dtype != np.float32:
        raise ArchiveUnreadable("type", expected="float32", got=array.dtype)
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(one) for one in np.argwhere(~finite)[0])
        raise ArchiveUnreadable(
            f"element {place}", expected="a finite number", got=array[place]
        )


def _some(names: list[str]) -> str:
    text = ", ".join(names[:LISTED])
    rest = len(names) - LISTED
    return f"{text} and {rest} more" if rest > 0 else text or "nothing"
