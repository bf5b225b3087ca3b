"""Scales a training schedule to another batch, and says when a schedule is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from harness.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long a training lasts, and its learning rate on the way."""

    steps: int
    batch: int  # images of one step, on all devices together
    base_rate: float  # after the warm-up, before the first milestone
    warmup_steps: int  # the rate rises from 0 over these; 0 for none
    milestones: tuple[int, ...]  # first steps of a tenth of the rate before
    save_every_steps: int


def schedule_fault(schedule: Schedule) -> str | None:
    """Return what is wrong with the order of a schedule's steps; None for nothing."""
    marks = (schedule.warmup_steps, *schedule.milestones, schedule.steps)
    if any(later <= earlier for earlier, later in pairwise(marks)):
        return " then ".join(map(str, marks))
    return None


def schedule_at(schedule: Schedule, batch: int) -> Schedule:
    """Return the schedule for another batch: as many images, at a rate that fits.

    The one rule of scaling. The rate grows in proportion to the total batch, and every
    count of steps shrinks in the same proportion. Each count is rounded to the nearest
    step, a half up, and is at least 1; a warm-up of 0 stays 0. What is counted in
    epochs (mixup) stays as it is.  # zoo-spec 5.1

    Args:
        schedule: for the batch that it names; the published total is 64.
        batch: images of one step, on all devices together.

    Raises:
        UsageError: the batch is below 1, or so large that rounding leaves no step
            between two marks of the schedule.
    """
    if batch < 1:
        raise UsageError(
            "batch of a training",
            expected="1 image or more",
            got=batch,
            next_step="give the images of one step on all devices together",
        )

    def scaled(steps: int) -> int:
        return max(1, (2 * steps * schedule.batch + batch) // (2 * batch))

    fitted = replace(
        schedule,
        steps=scaled(schedule.steps),
        batch=batch,
        base_rate=schedule.base_rate * (batch / schedule.batch),
        warmup_steps=scaled(schedule.warmup_steps) if schedule.warmup_steps else 0,
        milestones=tuple(map(scaled, schedule.milestones)),
        save_every_steps=scaled(schedule.save_every_steps),
    )
    fault = schedule_fault(fitted)
    if fault is not None:
        raise UsageError(
            f"schedule of batch {schedule.batch} at batch {batch}",
            expected="a step or more between warm-up, milestones and the end",
            got=fault,
            next_step="train with a smaller batch",
        )
    return fitted
