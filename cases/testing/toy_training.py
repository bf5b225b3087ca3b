"""A training of six numbers by the real loop, which a process can be killed at.

``python -m testing.toy_training FOLDER MOMENT`` trains and stands still at a moment, to
be killed there. A moment is a step, an evaluation, or a call that changes the folder:
an array written, a name given, a file removed.
"""

import os
import sys
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.train import loop
from harness.train.loop import Run
from harness.train.saved_state import SavedState, Subject
from harness.train.step import StepDone, TrainingState
from harness.values.schedules import Schedule
from harness.values.training import Batch

STEPS, EVERY, PER_EPOCH, BATCH = 12, 3, 5, 2
SUBJECT = Subject(recipe_sha256="ab" * 32, shapes={"w": (2, 2), "b": (2,)})
SEED = 7
SCHEDULE = Schedule(
    steps=STEPS,
    batch=BATCH,
    base_rate=0.1,
    warmup_steps=2,
    milestones=(8,),
    save_every_steps=EVERY,
)

#: What changes the folder: where it is looked up, and its name there.
CHANGES: tuple[tuple[Any, str], ...] = (
    (np.lib.format, "write_array"),
    (Path, "replace"),
    (Path, "unlink"),
    (os, "link"),
    (os, "fsync"),
)


def toy_batch(step: int) -> Batch:
    """The batch of a step: noise that says which."""
    noise = np.random.default_rng([SEED, step]).standard_normal((BATCH, 3, 1, 1))
    return Batch(
        images=noise.astype(np.float32),
        boxes_cxcywh=np.zeros((BATCH, 1, 4), np.float32),
        classes=np.zeros((BATCH, 1), np.int32),
        scores=np.ones((BATCH, 1), np.float32),
    )


def toy_batches(first: int, last: int) -> Generator[Batch]:
    """The batches of steps, in order."""
    for step in range(first, last):
        yield toy_batch(step)


def start() -> TrainingState:
    """The state before the first step."""
    return TrainingState(
        weights={
            "w": np.float32([[1, 2], [3, 4]]),
            "b": np.float32([0.5, -0.5]),
        },
        velocities={},
    )


class ToyStep:
    """Steps of momentum towards a noisy target."""

    def __init__(self, state: TrainingState) -> None:
        self._weights = dict(state.weights)
        still = np.zeros((2, 2), np.float32)
        self._velocity = state.velocities.get("w", still)

    def run(self, batch: Batch, rate: float) -> StepDone:
        """Do one step."""
        gradient = self._weights["w"] - batch.images[0, :2, 0]
        velocity = np.float32(0.9) * self._velocity + gradient
        weights = {
            "w": self._weights["w"] - np.float32(rate) * velocity,
            "b": np.float32(0.9) * self._weights["b"],
        }
        self._weights, self._velocity = weights, velocity
        return StepDone(losses={"far": float(np.square(gradient).sum()), "b": 0.5})

    def state(self) -> TrainingState:
        """What the next step starts from."""
        return TrainingState(
            weights=dict(self._weights), velocities={"w": self._velocity}
        )


def toy_score(weights: Mapping[str, Any]) -> float:
    """How near the weights are to nothing."""
    return 100 - float(np.abs(weights["w"]).sum())


def toy_run(**changes: Any) -> Run:
    """The training; ``changes`` are fields of ``Run``."""
    fields = {
        "subject": SUBJECT,
        "schedule": SCHEDULE,
        "seed": SEED,
        "batches_per_epoch": PER_EPOCH,
        "batches": toy_batches,
        "start": start,
        "open_step": ToyStep,
        "score": toy_score,
    }
    return Run(**{**fields, **changes})


def watched_run(moment: Callable[[str], None]) -> Run:
    """The training; each step and evaluation is told before it is made."""

    class Told(ToyStep):
        def run(self, batch: Batch, rate: float) -> StepDone:
            moment("step")
            return super().run(batch, rate)

    def score(weights: Mapping[str, Any]) -> float:
        moment("evaluation")
        return toy_score(weights)

    return toy_run(open_step=Told, score=score)


def train(folder: Path, run: Run | None = None, **words: Any) -> SavedState:
    """Train to the end, from where the folder's training stands."""
    return loop.train(run or toy_run(), folder, **words)


def same_state(one: SavedState, other: SavedState) -> bool:
    """Whether two states are the same to the bit."""
    return (
        one.position == other.position
        and one.score == other.score
        and _bits(one.weights) == _bits(other.weights)
        and _bits(one.optimiser["velocity"]) == _bits(other.optimiser["velocity"])
    )


def _bits(arrays: Mapping[str, Any]) -> dict[str, bytes]:
    return {name: one.tobytes() for name, one in arrays.items()}


def count_changes(moment: Callable[[str], None]) -> Callable[[], None]:
    """Call ``moment`` before every change; return what takes it back."""
    before = [getattr(owner, name) for owner, name in CHANGES]

    def watched(change: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*args: Any, **words: Any) -> Any:
            moment("change")
            return change(*args, **words)

        return watch

    for (owner, name), change in zip(CHANGES, before, strict=True):
        setattr(owner, name, watched(change))

    def take_back() -> None:
        for (owner, name), change in zip(CHANGES, before, strict=True):
            setattr(owner, name, change)

    return take_back


class StandsStill:
    """Counts moments, says ``ready`` at one, and waits there to be killed."""

    def __init__(self, last: int) -> None:
        self._left = last

    def __call__(self, kind: str) -> None:
        """Count one."""
        del kind
        self._left -= 1
        if self._left == 0:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            time.sleep(600)  # killed long before


if __name__ == "__main__":
    stands_still = StandsStill(int(sys.argv[2]))
    count_changes(stands_still)
    train(Path(sys.argv[1]), watched_run(stands_still))
