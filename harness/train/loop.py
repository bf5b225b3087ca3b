"""Trains by a schedule from the last checkpoint on: the one loop of every training.

What one step does, what its batch is made of and what an evaluation costs is not known
here: a :class:`Run` brings them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harness.errors import LossNotFinite, TrainingFailed, UsageError
from harness.process.stop_signal import held_back
from harness.train.checkpoints import keep_checkpoint, read_last
from harness.train.failed_batch import FailedBatch, keep_failed
from harness.train.piecewise_rate import piecewise_rate
from harness.train.saved_state import Position, SavedState, Subject
from harness.train.step import Trainable, TrainingState
from harness.values.schedules import Schedule
from harness.values.training import Batch

LOGGER = logging.getLogger(__name__)

VELOCITY = "velocity"  # what Momentum keeps of each variable


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
    """Where a training stands: after a step, or where it is gone on from."""

    step: int  # steps done
    steps: int  # after which this call of the training ends
    epoch: int  # of the step, from 0
    losses: Mapping[str, float]  # of each part, of this step; none where it is gone on
    rate: float
    #: Of this process, without evaluations, checkpoints and what the watch takes; None
    #: before its first step.
    images_per_s: float | None = None
    left_s: float | None = None
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
    after the last step. Whatever stops the training between keeps one more, of the last
    whole step. An evaluation that was stopped is made up for.

    Args:
        run: what to train.
        folder: of its checkpoints; what is there is gone on from.
        steps: end after so many, if the schedule has more.
        watch: told of every step, and first of that which is gone on from.

    Raises:
        UsageError: no steps are asked for.
        TrainingFailed: a checkpoint is damaged or of another run, or cannot be written.
        LossNotFinite: a loss is no number. The batch and the weights that gave it lie
            in the folder, in the file that the message names.
    """
    last = _last_step(run.schedule, steps)
    kept = read_last(folder, run.subject)
    if kept is None:
        begun, first = run.start(), 0
    else:
        _demand_position(kept.position, run)
        kept = _made_up_for(run, folder, kept, last)
        watch(_standing(run, kept, last))
        if kept.position.step >= last:
            return kept
        velocities = kept.optimiser.get(VELOCITY, {})
        begun = TrainingState(weights=kept.weights, velocities=velocities)
        first = kept.position.step
    LOGGER.info("training steps %d to %d", first, last - 1)
    going = _Going(run, folder, run.open_step(begun), first)
    with closing(run.batches(first, last)) as batches:
        try:
            for batch in batches:
                watch(going.step(batch, last))
                going.start_clock()
        except KeyboardInterrupt:
            going.keep_rest()
            raise
        except Exception:
            try:
                going.keep_rest()
            except TrainingFailed as refusal:  # what stopped it matters more
                LOGGER.warning("%s", refusal, exc_info=True)
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


def _last_step(schedule: Schedule, steps: int | None) -> int:
    if steps is None:
        return schedule.steps
    if steps < 1:
        raise UsageError(
            "steps of a training",
            expected=f"1 to {schedule.steps}",
            got=steps,
            next_step="leave them out to train by the whole schedule",
        )
    return min(steps, schedule.steps)


def _is_due(schedule: Schedule, step: int, last: int) -> bool:
    """Tell whether a checkpoint is kept and evaluated after so many steps."""
    return step % schedule.save_every_steps == 0 or step == last


def _position(run: Run, step: int) -> Position:
    epoch, place = divmod(step, run.batches_per_epoch)
    return Position(step=step, seed=run.seed, epoch=epoch, batch=place)


def _demand_position(found: Position, run: Run) -> None:
    """Refuse to go on with other batches than the training began with."""
    expected = _position(run, found.step)
    if found != expected:
        raise TrainingFailed(
            f"the checkpoint of step {found.step}",
            expected=_told(expected),
            got=_told(found),
            next_step="train with the seed, batch and images that it began with, or "
            "into another folder",
        )


def _told(position: Position) -> str:
    return f"seed {position.seed}, batch {position.batch} of epoch {position.epoch}"


def _made_up_for(run: Run, folder: Path, kept: SavedState, last: int) -> SavedState:
    """Evaluate a checkpoint whose evaluation was stopped, or could not be made then."""
    is_due = _is_due(run.schedule, kept.position.step, last)
    if run.score is None or kept.score is not None or not is_due:
        return kept
    kept = replace(kept, score=run.score(kept.weights))
    keep_checkpoint(folder, kept)
    return kept


def _standing(run: Run, kept: SavedState, last: int) -> Progress:
    done = max(1, kept.position.step) - 1  # the last step that was done
    return Progress(
        step=kept.position.step,
        steps=last,
        epoch=done // run.batches_per_epoch,
        losses={},
        rate=rate_of(run.schedule, done),
        score_pct=kept.score,
    )


class _Going:
    """A training under way."""

    def __init__(self, run: Run, folder: Path, learner: Trainable, first: int) -> None:
        self._run = run
        self._folder = folder
        self._learner = learner
        self._first = first
        self._done = first
        self._kept = first
        self._is_whole = True  # the state is that between two steps
        self._spent_s = 0.0
        self._since_s = time.monotonic()
        self.score_pct: float | None = None

    def start_clock(self) -> None:
        """Count the time from now on, until the next step is done."""
        self._since_s = time.monotonic()

    def step(self, batch: Batch, last: int) -> Progress:
        """Do a step; keep a checkpoint where one is due."""
        schedule, at = self._run.schedule, self._done
        rate = rate_of(schedule, at)
        try:
            with held_back():  # a step is done or not
                self._is_whole = False
                losses = self._learner.run(batch, rate).losses
                self._done, self._is_whole = at + 1, True
        except LossNotFinite as refusal:
            self._is_whole = True
            raise self._kept_batch(refusal, batch, rate) from None
        self._spent_s += time.monotonic() - self._since_s
        self.score_pct = None
        if _is_due(schedule, self._done, last):
            self._keep_evaluated()
        step_s = self._spent_s / (self._done - self._first)
        return Progress(
            step=self._done,
            steps=last,
            epoch=at // self._run.batches_per_epoch,
            losses=losses,
            rate=rate,
            images_per_s=schedule.batch / step_s,
            left_s=step_s * (last - self._done),
            score_pct=self.score_pct,
        )

    def saved(self, score_pct: float | None) -> SavedState:
        """Return the state after the last step."""
        state = self._learner.state()
        return SavedState(
            subject=self._run.subject,
            position=_position(self._run, self._done),
            weights=state.weights,
            optimiser={VELOCITY: state.velocities},
            score=score_pct,
        )

    def keep_rest(self) -> None:
        """Keep a checkpoint of the last whole step, if that has none."""
        if self._is_whole and self._done > self._kept:
            self._keep(self.saved(None))

    def _keep_evaluated(self) -> None:
        state = self.saved(None)
        self._keep(state)  # first: an evaluation of hours may be killed
        if self._run.score is not None:
            self.score_pct = self._run.score(state.weights)
            LOGGER.info("AP %.2f after step %d", self.score_pct, self._done)
            self._keep(replace(state, score=self.score_pct))

    def _keep(self, state: SavedState) -> None:
        self._kept = self._done  # a place that takes none is not asked twice
        with held_back():
            keep_checkpoint(self._folder, state)

    def _kept_batch(
        self, refusal: LossNotFinite, batch: Batch, rate: float
    ) -> LossNotFinite:
        """Leave what gave the loss, and say where."""
        failed = FailedBatch(
            batch=batch, rate=rate, step=self._done, state=self._learner.state()
        )
        return keep_failed(self._folder, failed, self._run.subject, refusal)
