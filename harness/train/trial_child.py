"""Runs the trial of a training in a child process: the side that asks."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from harness.errors import TrainingFailed
from harness.process.limited_child import ChildCrashed, ChildLimits, LimitedChild
from harness.train.trial import Trial, TrialAnswer, TrialQuestion, TrialRun

LOGGER = logging.getLogger(__name__)

SERVICE = "harness.train.trial:trial_service"

#: Of a question. The slowest network's takes half a minute on two cores.
PATIENCE_S = 900.0

LONGEST_ANSWER_BYTES = 1 << 16


class TrialProcess:
    """A trial in a process of its own.

    Args:
        trial: of which training.
        gpu: whether a GPU computes.
        memory_bytes: the most that the process may have; None: any.
    """

    def __init__(self, trial: Trial, *, gpu: bool, memory_bytes: int | None) -> None:
        self._trial = trial
        self._gpu = gpu
        self._child = LimitedChild(
            SERVICE,
            limits=ChildLimits(
                memory_bytes=memory_bytes or 1 << 62,
                memory_step="a step does not fit: train on another machine",
                time_step="the machine is too busy, or too slow, to train on",
                watches_resident=True,  # a bound on addresses would refuse CUDA
            ),
        )

    def run(self, runs: Sequence[TrialRun]) -> TrialAnswer:
        """Do runs of steps, in their order, and return what they took.

        Raises:
            LimitReached: the steps take more memory or time than they may.
            TrainingFailed: the process crashed.
        """
        question = TrialQuestion(trial=self._trial, gpu=self._gpu, runs=tuple(runs))
        try:
            content = self._child.ask(
                [msgspec.json.encode(question)],
                limit_s=PATIENCE_S,
                longest_answer_bytes=LONGEST_ANSWER_BYTES,
            )
        except ChildCrashed as error:
            raise TrainingFailed(
                "the trial of a step crashed its process",
                expected="a step of random numbers",
                got=error.signal_name,
                next_step="a training here would crash too: try another version of "
                "Paddle, or another machine",
            ) from error
        answer = msgspec.json.decode(content, type=TrialAnswer)
        for run, done in zip(runs, answer.done, strict=True):
            LOGGER.info("trial of %s: %s", run, done)
        return answer

    def close(self) -> None:
        """End the process."""
        self._child.close()


@contextmanager
def trial_process(
    trial: Trial, *, gpu: bool, memory_bytes: int | None
) -> Iterator[TrialProcess]:
    """Give the trial's process, which ends with the block."""
    process = TrialProcess(trial, gpu=gpu, memory_bytes=memory_bytes)
    try:
        yield process
    finally:
        process.close()
