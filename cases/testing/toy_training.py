"""A training run of four numbers, which a process can do and be killed at.

``python -m testing.toy_training FOLDER MOMENT`` trains and stands still at a moment, to
be killed there. A moment is a step, or a call that changes the folder: an array
written, a name given, a file removed.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.train.checkpoints import keep_checkpoint, read_last
from harness.train.saved_state import Position, SavedState, Subject

STEPS, EVERY, PER_EPOCH = 12, 3, 5
SUBJECT = Subject(recipe_sha256="ab" * 32, shapes={"w": (2, 2), "b": (2,)})
SEED = 7

#: What changes the folder: where it is looked up, and its name there.
CHANGES: tuple[tuple[Any, str], ...] = (
    (np.lib.format, "write_array"),
    (Path, "replace"),
    (Path, "unlink"),
    (os, "link"),
    (os, "fsync"),
)


def start() -> SavedState:
    """The state before the first step."""
    return SavedState(
        subject=SUBJECT,
        position=Position(step=0, seed=SEED, epoch=0, batch=0),
        weights={"w": np.float32([[1, 2], [3, 4]]), "b": np.float32([0.5, -0.5])},
        optimiser={"velocity": {"w": np.zeros((2, 2), np.float32)}},
    )


def step(state: SavedState) -> SavedState:
    """One step of momentum towards a noisy target."""
    at = state.position
    noise = np.random.default_rng([at.seed, at.epoch, at.batch]).standard_normal((2, 2))
    rate = np.float32(0.1 if at.step < 8 else 0.01)
    gradient = state.weights["w"] - noise.astype(np.float32)
    velocity = np.float32(0.9) * state.optimiser["velocity"]["w"] + gradient
    weights = {
        "w": state.weights["w"] - rate * velocity,
        "b": np.float32(0.9) * state.weights["b"],
    }
    done = at.step + 1
    return SavedState(
        subject=SUBJECT,
        position=Position(
            step=done, seed=at.seed, epoch=done // PER_EPOCH, batch=done % PER_EPOCH
        ),
        weights=weights,
        optimiser={"velocity": {"w": velocity}},
        score=-float(np.abs(weights["w"]).sum()),
    )


def train(folder: Path, moment: Callable[[], None] = lambda: None) -> SavedState:
    """Train to the end, from where the folder's run stands."""
    state = read_last(folder, SUBJECT) or start()
    while state.position.step < STEPS:
        moment()
        state = step(state)
        if state.position.step % EVERY == 0:
            keep_checkpoint(folder, state, kept=2)
    return state


def count_changes(moment: Callable[[], None]) -> Callable[[], None]:
    """Call ``moment`` before every change; return what takes it back."""
    before = [getattr(owner, name) for owner, name in CHANGES]

    def watched(change: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*args: Any, **words: Any) -> Any:
            moment()
            return change(*args, **words)

        return watch

    for (owner, name), change in zip(CHANGES, before, strict=True):
        setattr(owner, name, watched(change))

    def take_back() -> None:
        for (owner, name), change in zip(CHANGES, before, strict=True):
            setattr(owner, name, change)

    return take_back


def main(folder: Path, last: int) -> None:
    """Train, and stand still at a moment."""
    moments = 0

    def moment() -> None:
        nonlocal moments
        moments += 1
        if moments == last:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            time.sleep(600)  # killed long before

    count_changes(moment)
    train(folder, moment)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
