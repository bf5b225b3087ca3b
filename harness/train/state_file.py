"""Writes and reads one checkpoint, an npz of plain arrays; believes nothing it reads.

::

    about                      JSON in bytes: what it is of, and where the run stands
    w/<variable>               the weights, batch statistics among them
    o/<kind>/<variable>        what the optimiser keeps of each, by kind (velocity)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from harness.errors import TrainingFailed
from harness.train.array_file import (
    ArrayFile,
    arrays_bytes,
    opened_arrays,
    write_arrays,
)
from harness.train.saved_state import (
    TYPES,
    Array,
    Position,
    SavedState,
    Subject,
    demand_subject,
    demand_whole,
    named_arrays,
)

FORMAT = 1
#: Most kinds of values that an optimiser keeps of a variable; Adam keeps four.
MOST_KINDS = 8
DELETE = "delete the file to go on from the one before it, or to start anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """The entry ``about``."""

    format: int
    subject: Subject
    position: Position
    score: float | None


def write_state(path: Path, state: SavedState) -> None:
    """Write a checkpoint to the disk, whole or not at all.

    Raises:
        TrainingFailed: weights are missing, or an array has not its variable's shape.
        OSError: the place takes no such file.
    """
    demand_whole(state)
    write_arrays(path, _encode_about(state), named_arrays(state))


def state_bytes(state: SavedState) -> int:
    """Return the most bytes that the file of a state takes."""
    return arrays_bytes(_encode_about(state), named_arrays(state))


def read_state(path: Path, subject: Subject) -> SavedState:
    """Read a checkpoint of a run.

    Raises:
        TrainingFailed: it is damaged, holds what no checkpoint does, or is of another
            recipe or network.
    """
    with _opened(path, subject) as file:
        about = _read_about(file)
        demand_subject(about.subject, subject)
        weights: dict[str, Array] = {}
        optimiser: dict[str, dict[str, Array]] = {}
        for name in file.names:
            part, *words = name.split("/")
            if part == "w" and len(words) == 1 and words[0] in subject.shapes:
                kept = weights
            elif part == "o" and len(words) == 2 and words[1] in subject.shapes:
                kept = optimiser.setdefault(words[0], {})
            else:
                raise ValueError(f"an entry {name}.npy")
            kept[words[-1]] = file.read(name, subject.shapes[words[-1]], TYPES)
        missing = sorted(set(subject.shapes) - set(weights))
        if missing:
            raise ValueError(f"no weights of {missing[0]}")
    return SavedState(
        subject=subject,
        position=about.position,
        weights=weights,
        optimiser=optimiser,
        score=about.score,
    )


def read_score(path: Path, subject: Subject) -> float | None:
    """Return the score of a checkpoint's weights, without reading them.

    Raises:
        TrainingFailed: as ``read_state``, as far as no array tells.
    """
    with _opened(path, subject) as file:
        about = _read_about(file)
        demand_subject(about.subject, subject)
        return about.score


@contextmanager
def _opened(path: Path, subject: Subject) -> Iterator[ArrayFile]:
    most_entries = 1 + (1 + MOST_KINDS) * len(subject.shapes)
    with opened_arrays(
        path, "a checkpoint", most_entries=most_entries, advice=DELETE
    ) as file:
        yield file


def _encode_about(state: SavedState) -> bytes:
    about = _About(
        format=FORMAT,
        subject=state.subject,
        position=state.position,
        score=state.score,
    )
    return msgspec.json.encode(asdict(about))


def _read_about(file: ArrayFile) -> _About:
    about = msgspec.json.decode(file.about(), type=_About)
    if about.format != FORMAT:
        raise TrainingFailed(
            "format of the checkpoint",
            expected=FORMAT,
            got=about.format,
            next_step=DELETE,
        )
    return about
