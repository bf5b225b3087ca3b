"""Writes and reads the state of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import TrainingFailed, located
from harness.files.atomic import replacing

Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Where a run stands."""

    step: int  # steps already done
    weights: Arrays
    optimiser: Arrays  # Adam's moments and powers, by Paddle's "<variable>_moment1_0"


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the whole state, or leave the last one."""
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez(
            file,
            step=np.int64(checkpoint.step),
            **{f"w/{name}": value for name, value in checkpoint.weights.items()},
            **{f"o/{name}": value for name, value in checkpoint.optimiser.items()},
        )


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Read the state back, or return None when there is none yet.

    Raises:
        TrainingFailed: the file is there and is not a checkpoint.
    """
    if not path.exists():
        return None
    with located(path):
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return Checkpoint(
                    step=int(arrays["step"]),
                    weights=_under("w/", arrays),
                    optimiser=_under("o/", arrays),
                )
        except Exception as error:  # whatever zip or numpy make of other bytes
            raise TrainingFailed(
                "not a checkpoint",
                got=str(error),
                next_step="delete the file to start this stage anew",
            ) from error


def _under(prefix: str, arrays: np.lib.npyio.NpzFile) -> Arrays:
    return {
        name.removeprefix(prefix): arrays[name]
        for name in arrays.files
        if name.startswith(prefix)
    }
