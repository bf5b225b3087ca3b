"""Trains by a schedule from the last checkpoint on: the one loop of every training.

What one step does, what its batch is made of and what an evaluation costs is not known
here: a :class:`Run` brings them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from harness.errors import LossNotFinite
from harness.printable import printable
from harness.process.stop_signal import held_back
from harness.train.checkpoints import keep_checkpoint, read_last
from harness.train.failed_batch import FailedBatch, write_failed_batch
from harness.train.piecewise_rate import piecewise_rate
from harness.train.saved_state import Position, SavedState, Subject
from harness.train.step import StepDone, TrainingState
from harness.values.schedules import Schedule
from harness.values.training import Batch

LOGGER = logging.getLogger(__name__)

VELOCITY = "velocity"  # what Momentum keeps of each variable


class Trainable(Protocol):
    """What learns: a :class:`~harness.train.step.Step`, or a stub of the benchmark."""

    def run(self, batch: Batch, rate: float) -> StepDone:
        """Do one step."""
        ...

    def state(self) -> TrainingState:
        """Return what the next step starts from."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A training: what learns, on what, by which schedule."""

    subject: Subject
    schedule: Schedule  # for the batch that it names
    seed: int
    batches_per_epoch: int
    #: Of a step and the step before which to end: the batches, in order.
    batches: Callable[[int, int], Generator[Batch]]
    start: Callable[[], TrainingState]  # before the first step
    open_step: Callable[[TrainingState], Trainable]
    #: Of weights: their AP in percent. None: nothing is evaluated.
    score: Callable[[Mapping[str, NDArray[Any]]], float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a training stands after a step."""

    step: int  # steps done
    steps: int  # of the whole schedule
    epoch: int  # of the step, from 0
    losses: Mapping[str, float]  # of each part, of this step
    rate: float
    images_per_s: float  # of this process, evaluations left out
    left_s: float
    score_pct: float | None = None  # of an evaluation after this step

    @property
    def loss(self) -> float:
        """The sum of the parts."""
        return sum(self.losses.values())


def train(
    run: Run,
    folder: Path,
    *,
    steps: int | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> SavedState:
    """Train to the end of the schedule, and return the last state.

    A checkpoint is kept, and the weights are evaluated, every ``save_every_steps`` and
    after the last step. Ctrl-C and SIGTERM keep one more, of the last whole step.

    Args:
        run: what to train.
        folder: of its checkpoints; what is there is gone on from.
        steps: end after so many, if the schedule has more.
        watch: told of every step.

    Raises:
        TrainingFailed: a checkpoint is damaged or of another run, or cannot be written.
        LossNotFinite: a loss is no number. The batch and the weights that gave it lie
            in the folder, in the file that the message names.
    """
    last = min(run.schedule.steps, steps or run.schedule.steps)
    kept = read_last(folder, run.subject)
    if kept is not None and kept.position.step >= last:
        return kept
    if kept is None:
        begun, first = run.start(), 0
    else:
        velocities = kept.optimiser.get(VELOCITY, {})
        begun = TrainingState(weights=kept.weights, velocities=velocities)
        first = kept.position.step
    LOGGER.info("training steps %d to %d", first, last - 1)
    going = _Going(run, folder, run.open_step(begun), first)
    try:
        with closing(run.batches(first, last)) as batches:
            for batch in batches:
                watch(going.step(batch, last))
    except KeyboardInterrupt:
        if going.done > going.kept:
            keep_checkpoint(folder, going.saved(None))
        raise
    return going.saved(going.score_pct)


def rate_of(schedule: Schedule, step: int) -> float:
    """Return the learning rate of a step of a schedule, counted from 0."""
    return piecewise_rate(
        step,
        base_rate=schedule.base_rate,
        warmup_steps=schedule.warmup_steps,
        milestones=schedule.milestones,
    )


class _Going:
    """A training under way."""

    def __init__(self, run: Run, folder: Path, learner: Trainable, first: int) -> None:
        self._run = run
        self._folder = folder
        self._learner = learner
        self._first = first
        self._spent_s = 0.0  # without evaluations and checkpoints
        self._since_s = time.monotonic()
        self.done = first
        self.kept = first
        self.score_pct: float | None = None

    def step(self, batch: Batch, last: int) -> Progress:
        """Do a step; keep a checkpoint where one is due."""
        schedule, at = self._run.schedule, self.done
        rate = rate_of(schedule, at)
        try:
            with held_back():  # a step is done or not
                losses = self._learner.run(batch, rate).losses
                self.done = at + 1
        except LossNotFinite as refusal:
            raise self._kept_batch(refusal, batch, rate) from None
        self._spent_s += time.monotonic() - self._since_s
        self.score_pct = None
        if self.done % schedule.save_every_steps == 0 or self.done == last:
            self._keep()
        self._since_s = time.monotonic()
        step_s = self._spent_s / (self.done - self._first)
        return Progress(
            step=self.done,
            steps=last,
            epoch=at // self._run.batches_per_epoch,
            losses=losses,
            rate=rate,
            images_per_s=schedule.batch / step_s,
            left_s=step_s * (last - self.done),
            score_pct=self.score_pct,
        )

    def saved(self, score_pct: float | None) -> SavedState:
        """Return the state after the last step."""
        state = self._learner.state()
        epoch, place = divmod(self.done, self._run.batches_per_epoch)
        return SavedState(
            subject=self._run.subject,
            position=Position(
                step=self.done, seed=self._run.seed, epoch=epoch, batch=place
            ),
            weights=state.weights,
            optimiser={VELOCITY: state.velocities},
            score=score_pct,
        )

    def _keep(self) -> None:
        if self._run.score is not None:
            self.score_pct = self._run.score(self._learner.state().weights)
            LOGGER.info("AP %.2f after step %d", self.score_pct, self.done)
        keep_checkpoint(self._folder, self.saved(self.score_pct))
        self.kept = self.done

    def _kept_batch(
        self, refusal: LossNotFinite, batch: Batch, rate: float
    ) -> LossNotFinite:
        """Leave what gave the loss, and name the file."""
        failed = FailedBatch(
            batch=batch, rate=rate, step=self.done, state=self._learner.state()
        )
        path = write_failed_batch(self._folder, failed)
        LOGGER.info("batch of step %d: %s", self.done, printable(path))
        return LossNotFinite(
            f"step {self.done}: {refusal.what}",
            expected=refusal.expected,
            got=refusal.got,
            next_step=f"the batch and the weights are in {path}: "
            "`zoo train ID --replay FILE` does the step again",
        )
