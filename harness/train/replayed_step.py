"""Does a step that failed again, from what was kept of it."""

from __future__ import annotations

from collections.abc import Callable

from harness.train.failed_batch import FailedBatch
from harness.train.step import StepDone, Trainable, TrainingState


def replay(
    failed: FailedBatch, open_step: Callable[[TrainingState], Trainable]
) -> StepDone:
    """Do the step again, and return its losses if they are numbers this time.

    Args:
        failed: as :func:`~harness.train.failed_batch.read_failed_batch` gives it.
        open_step: of the training, ``Run.open_step``.

    Raises:
        LossNotFinite: the very loss that stopped the training.
    """
    return open_step(failed.state).run(failed.batch, failed.rate)
