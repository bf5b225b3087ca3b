"""Keeps the batch whose loss was no number, with the weights that it met, in one file.

::

    failed-000000012.npz     step, rate, b/<field of the batch>, w/, o/velocity/
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from harness.files.atomic import replacing
from harness.train.step import TrainingState
from harness.values.training import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedBatch:
    """A step that failed, with all that it needs to be done again."""

    batch: Batch
    rate: float
    step: int  # counted from 0
    state: TrainingState  # no weight of it has moved in the step


def write_failed_batch(folder: Path, failed: FailedBatch) -> Path:
    """Write ``failed-<step>.npz`` and return its path."""
    path = folder / f"failed-{failed.step:09d}.npz"
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez(
            file,
            step=np.int64(failed.step),
            rate=np.float64(failed.rate),
            **{
                f"b/{one.name}": getattr(failed.batch, one.name)
                for one in fields(Batch)
            },
            **{f"w/{name}": one for name, one in failed.state.weights.items()},
            **{
                f"o/velocity/{name}": one
                for name, one in failed.state.velocities.items()
            },
        )
    return path
