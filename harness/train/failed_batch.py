"""Keeps a step whose loss was no number, with all that it needs to be done again.

::

    failed-000000012.npz
        about                      JSON: of what training, which step, at which rate
        b/<field>                  the batch
        w/<variable>               the weights before the step
        o/velocity/<variable>      their velocities
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import msgspec
import numpy as np

from harness.errors import LossNotFinite, TrainingFailed
from harness.printable import printable
from harness.train.array_file import opened_arrays, write_arrays
from harness.train.saved_state import TYPES, Array, Subject, demand_subject
from harness.train.step import TrainingState
from harness.values.training import Batch

LOGGER = logging.getLogger(__name__)

FORMAT = 1
DELETE = "train again to the step that fails: it is written anew"
SAME_TRAINING = "give the ID, --seed, --batch and device of the training that left it"
WEIGHT, VELOCITY = "w/", "o/velocity/"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedBatch:
    """A step that failed, with all that it needs to be done again."""

    batch: Batch
    rate: float
    step: int  # counted from 0
    state: TrainingState  # before the step


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """The entry ``about``."""

    format: int
    subject: Subject
    step: int
    rate: float
    images: int
    input_px: int
    boxes: int  # places for ground truths of an image


def write_failed_batch(folder: Path, failed: FailedBatch, subject: Subject) -> Path:
    """Write ``failed-<step>.npz``, whole or not at all, and return its path.

    Raises:
        OSError: the place takes no such file.
    """
    path = folder / f"failed-{failed.step:09d}.npz"
    images, _, input_px, _ = failed.batch.images.shape
    about = _About(
        format=FORMAT,
        subject=subject,
        step=failed.step,
        rate=failed.rate,
        images=images,
        input_px=input_px,
        boxes=failed.batch.classes.shape[1],
    )
    arrays = {f"b/{one.name}": getattr(failed.batch, one.name) for one in fields(Batch)}
    arrays |= {f"{WEIGHT}{name}": one for name, one in failed.state.weights.items()}
    arrays |= {
        f"{VELOCITY}{name}": one for name, one in failed.state.velocities.items()
    }
    write_arrays(path, msgspec.json.encode(asdict(about)), arrays)
    return path


def keep_failed(
    folder: Path, failed: FailedBatch, subject: Subject, refusal: LossNotFinite
) -> LossNotFinite:
    """Write the batch of a step, and return its refusal with what was left of it.

    A folder that takes no such file is told beside the loss, not instead of it.
    """
    try:
        path = write_failed_batch(folder, failed, subject)
    except OSError as error:
        left = (
            f"its batch cannot be written to {folder}: {error.strerror or error}; make "
            "room and start again: this step comes next"
        )
    else:
        LOGGER.info("batch of step %d: %s", failed.step, printable(path))
        left = (
            f"{path} holds its batch and weights: `zoo train ID --replay FILE` does it "
            "again; a training that is started again meets it next"
        )
    return LossNotFinite(
        f"step {failed.step}: {refusal.what}",
        expected=refusal.expected,
        got=refusal.got,
        next_step=left,
    )


def read_failed_batch(path: Path, subject: Subject) -> FailedBatch:
    """Read a step that failed.

    Args:
        path: of the file.
        subject: what was trained.

    Raises:
        TrainingFailed: the file is damaged, holds what no such file does, or is of
            another recipe or network.
    """
    most_entries = 1 + len(fields(Batch)) + 2 * len(subject.shapes)
    with opened_arrays(
        path, "a failed batch", most_entries=most_entries, advice=DELETE
    ) as file:
        about = msgspec.json.decode(file.about(), type=_About)
        if about.format != FORMAT:
            raise TrainingFailed(
                "format of the failed batch",
                expected=FORMAT,
                got=about.format,
                next_step=DELETE,
            )
        demand_subject(about.subject, subject, next_step=SAME_TRAINING)
        shapes, types = _batch_shapes(about), _batch_types()
        batch = {
            name: file.read(f"b/{name}", shape, (types[name],))
            for name, shape in shapes.items()
        }
        weights = {
            name: file.read(f"{WEIGHT}{name}", shape, TYPES)
            for name, shape in subject.shapes.items()
        }
        velocities: dict[str, Array] = {}
        known = {f"b/{name}" for name in shapes} | {f"{WEIGHT}{one}" for one in weights}
        for name in sorted(set(file.names) - known):
            variable = name.removeprefix(VELOCITY)
            if name == variable or variable not in subject.shapes:
                raise ValueError(f"an entry {name}.npy")
            velocities[variable] = file.read(name, subject.shapes[variable], TYPES)
    return FailedBatch(
        batch=Batch(**batch),
        rate=about.rate,
        step=about.step,
        state=TrainingState(weights=weights, velocities=velocities),
    )


def _batch_shapes(about: _About) -> dict[str, tuple[int, ...]]:
    """Return the shape of each field; no file is longer than its arrays."""
    if min(about.images, about.input_px, about.boxes) < 1:
        raise ValueError("a batch of nothing")
    truths = (about.images, about.boxes)
    return {
        "images": (about.images, 3, about.input_px, about.input_px),
        "boxes_cxcywh": (*truths, 4),
        "classes": truths,
        "scores": truths,
    }


def _batch_types() -> dict[str, np.dtype[np.generic]]:
    floats, whole = np.dtype("<f4"), np.dtype("<i4")
    return {
        "images": floats,
        "boxes_cxcywh": floats,
        "classes": whole,
        "scores": floats,
    }
