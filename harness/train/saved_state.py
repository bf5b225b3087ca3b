"""The state of a training run, and what it is a state of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import TrainingFailed
from harness.printable import counted

Array = NDArray[Any]

#: Of weights, and of what an optimiser keeps.
TYPES = (np.dtype("<f4"), np.dtype("<f8"))
START_ANEW = "train into another folder, or delete this one to start anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a run trains: a checkpoint of another is not gone on from."""

    recipe_sha256: str
    shapes: Mapping[str, tuple[int, ...]]  # of the network's variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a run stands: every rate, sample and draw follows from it."""

    step: int  # steps done; the schedule goes on with this one, 0-based
    seed: int
    epoch: int  # of the next batch
    batch: int  # of the epoch; the next one


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedState:
    """All that a run needs to go on as if it had not stopped."""

    subject: Subject
    position: Position
    weights: Mapping[str, Array]
    optimiser: Mapping[str, Mapping[str, Array]]  # kind -> variable -> value
    score: float | None = None  # of an evaluation of these weights; higher is better


def demand_subject(
    got: Subject, expected: Subject, *, next_step: str = START_ANEW
) -> None:
    """Refuse the state of another recipe or network.

    Args:
        got: what the file is of.
        expected: what is trained.
        next_step: what the reader of a refusal can do.

    Raises:
        TrainingFailed: the message names the recipe, or the variable that differs.
    """
    if got.recipe_sha256 != expected.recipe_sha256:
        raise TrainingFailed(
            "recipe of the checkpoint",
            expected=f"sha256 {expected.recipe_sha256}",
            got=got.recipe_sha256,
            next_step=next_step,
        )
    for name in (*expected.shapes, *got.shapes):
        shapes = [one.shapes.get(name, "nothing") for one in (expected, got)]
        if shapes[0] != shapes[1]:
            raise TrainingFailed(
                f"{name}: shape in the checkpoint",
                expected=shapes[0],
                got=shapes[1],
                next_step=next_step,
            )


def demand_whole(state: SavedState) -> None:
    """Refuse to keep a state that could not be read back.

    Raises:
        TrainingFailed: weights are missing, or an array has not its variable's shape.
    """
    shapes = state.subject.shapes
    for name, value in named_arrays(state).items():
        variable = name.rpartition("/")[2]
        expected = shapes.get(variable, "nothing")
        if value.shape != expected or value.dtype not in TYPES:
            raise TrainingFailed(
                f"{name}: an array to keep",
                expected=f"{expected} of floats",
                got=f"{value.shape} of {value.dtype}",
                next_step="keep the state of the network's own variables",
            )
    missing = sorted(set(shapes) - set(state.weights))
    if missing:
        raise TrainingFailed(
            f"{missing[0]}: weights to keep", expected=shapes[missing[0]], got="nothing"
        )


def demand_finite_weights(weights: Mapping[str, Array], what: str) -> None:
    """Refuse what no network computes with; no archive of such weights is read.

    Raises:
        TrainingFailed: a weight is infinite or no number.
    """
    broken = [name for name, one in weights.items() if not np.isfinite(one).all()]
    if broken:
        raise TrainingFailed(
            f"{what}: {broken[0]}",
            expected="finite numbers",
            got=f"others, in {counted(len(broken), 'variable')}",
            next_step="train with a lower rate, or look for images with huge values",
        )


def named_arrays(state: SavedState) -> dict[str, Array]:
    """Return the arrays under the names of their entries."""
    return {
        **{f"w/{name}": value for name, value in state.weights.items()},
        **{
            f"o/{kind}/{name}": value
            for kind, values in state.optimiser.items()
            for name, value in values.items()
        },
    }
