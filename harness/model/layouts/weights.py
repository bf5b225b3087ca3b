"""Reads a complete and sound set of weights out of the arrays of a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ArchiveUnreadable, located
from harness.model.layouts.contract import WeightSource, listed
from harness.model.networks.shapes import NetworkShapes

Arrays = Mapping[str, NDArray[Any]]

#: Names that a training program saves beside the network.  # zoo-spec 2.6
BOOKKEEPING = re.compile(
    r"(teacher_.*|.*_velocity_\d+|.*_momentum_\d+|.*_mean_square_\d+|.*_mean_grad_\d+"
    r"|learning_rate.*|@LR_DECAY_COUNTER@|reduce_sum_\d+\.tmp_0"
    r"|state_\d+|accum_\d+)"  # moving averages of quantisation  # zoo-spec 2.7
)


def read_weights(source: WeightSource, shapes: NetworkShapes) -> Arrays:
    """Read a value for every variable; nothing keeps an initial value.

    Raises:
        ArchiveUnreadable: a variable is missing, has another shape or type, or holds a
            number that is not finite. All missing and mis-shaped ones are named, and
            with missing ones the arrays that no variable asked for.
    """
    wanted = shapes.variables
    missing = [name for name in wanted if name not in source.stored]
    if missing:
        extra = sorted(set(source.stored) - set(wanted))
        unknown = [name for name in extra if not BOOKKEEPING.fullmatch(name)]
        raise ArchiveUnreadable(
            f"{len(missing)} of {len(wanted)} variables have no {source.unit}",
            expected=listed(missing),
            got=f"{source.unit}s of no variable: {listed(unknown)}"
            if unknown
            else "none",
        )
    values: dict[str, NDArray[Any]] = {}
    wrong = []
    for name, variable in wanted.items():
        array = source.read(name)
        if array.shape != variable.shape:
            place = source.stored[name].place
            wrong.append(f"{place} {variable.shape} is {array.shape}")
        values[name] = array
    if wrong:
        raise ArchiveUnreadable(
            f"{len(wrong)} variables have another shape", got=listed(wrong)
        )
    for name, array in values.items():
        with located(source.stored[name].place):
            demand_finite(array)
    return values


def demand_finite(array: NDArray[Any]) -> None:
    """Refuse an array that no float network can hold.

    Raises:
        ArchiveUnreadable: it is not float32, or an element is not finite.
    """
    if array.dtype != np.float32:
        raise ArchiveUnreadable("type", expected="float32", got=array.dtype)
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(one) for one in np.argwhere(~finite)[0])
        raise ArchiveUnreadable(
            f"element {place}", expected="a finite number", got=array[place]
        )
