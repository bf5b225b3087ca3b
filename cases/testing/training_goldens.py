"""Reads what the old runtime said of ten training steps: each state, each batch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TRAIN = Path(__file__).parents[1] / "oracle" / "train"
STEPS = 10

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingState:
    """What a step starts from, and what it leaves: values by a variable's name."""

    weights: Arrays
    velocities: Arrays
    statistics: Arrays  # running means and variances


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBatch:
    """What the network saw in a step, padded to one number of boxes."""

    images_rgb: np.ndarray  # uint8 [B, S, S, 3]
    boxes_cxcywh: np.ndarray  # float32 [B, M, 4], shares of the image
    classes: np.ndarray  # int32 [B, M]
    scores: np.ndarray  # float32 [B, M]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingGolden:
    """Ten steps of one kind; ``arrays`` are those of the file that are no state."""

    about: Mapping[str, Any]
    arrays: Arrays
    states: tuple[TrainingState, ...]  # 11: ``states[k]`` is before step k, 0-based
    batches: tuple[TrainingBatch, ...]

    def rate(self, step: int) -> np.float32:
        """Return the learning rate of a step, 0-based."""
        rate: np.float32 = self.arrays["rate"][step]
        return rate

    def heads(self, name: str = "head") -> tuple[np.ndarray, ...]:
        """Return the arrays ``<name>_0`` to ``<name>_2`` of the first step."""
        return tuple(self.arrays[f"{name}_{level}"] for level in range(3))


def read_npz(name: str) -> tuple[dict[str, Any], Arrays]:
    """Return what a golden of the folder says of itself, and its arrays."""
    with np.load(TRAIN / name) as stored:
        arrays = {key: stored[key] for key in stored.files}
    return json.loads(str(arrays.pop("about"))), arrays


def read_training_golden(kind: str) -> TrainingGolden:
    """Read ``steps_<kind>.npz``; the weights follow from the velocities.

    Each step is ``p - rate * v`` in float32, which the old runtime was held to but for
    the last place when the file was made.
    """
    about, arrays = read_npz(f"steps_{kind}.npz")
    weights = arrays.pop("weights_0")
    after = arrays.pop("velocities")  # [P, 10]
    statistics = arrays.pop("statistics")  # [11, S]
    velocity = np.zeros_like(weights)
    states = []
    for step in range(STEPS + 1):
        states.append(
            TrainingState(
                weights=_apart(weights, about["parameters"]),
                velocities=_apart(velocity, about["parameters"]),
                statistics=_apart(statistics[step], about["statistics"]),
            )
        )
        if step < STEPS:
            velocity = after[:, step]
            weights = weights - arrays["rate"][step] * velocity
    return TrainingGolden(
        about=about, arrays=arrays, states=tuple(states), batches=read_batches()
    )


def read_batches() -> tuple[TrainingBatch, ...]:
    """Read the batches of the ten steps, the same for every kind."""
    _, arrays = read_npz("batches.npz")
    return tuple(
        TrainingBatch(
            images_rgb=arrays["images"][step],
            boxes_cxcywh=arrays["boxes"][step],
            classes=arrays["classes"][step],
            scores=arrays["scores"][step],
        )
        for step in range(STEPS)
    )


def _apart(vector: np.ndarray, layout: list[tuple[str, list[int]]]) -> Arrays:
    """Cut a vector into the variables that it holds, one after the other."""
    sizes = [int(np.prod(shape)) for _, shape in layout]
    pieces = np.split(vector, np.cumsum(sizes)[:-1])
    assert sum(sizes) == len(vector)
    return {
        name: piece.reshape(shape)
        for (name, shape), piece in zip(layout, pieces, strict=True)
    }
