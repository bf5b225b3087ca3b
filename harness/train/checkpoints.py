"""Keeps the checkpoints of a run in a folder: the newest few, the last and the best.

::

    step-000004000.npz    the newest few, by steps done
    last.npz              the newest
    best.npz              that with the highest score

``last`` and ``best`` are second names of such a file where the disk allows it, and
copies elsewhere. A process that is killed at any moment leaves a checkpoint to go on
from, and nothing half-written under these names.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import TrainingFailed, located
from harness.files.atomic import replacing
from harness.files.temporary import folder_in, sweep
from harness.printable import printable
from harness.train.saved_state import SavedState, Subject
from harness.train.state_file import read_score, read_state, state_bytes, write_state

LOGGER = logging.getLogger(__name__)

KEPT = 3  # two more than one: a score that falls is seen some checkpoints later
LAST, BEST = "last.npz", "best.npz"
_STEP_NAME = re.compile(r"step-(\d{9,})\.npz")
_FULL = (errno.ENOSPC, errno.EDQUOT)


def keep_checkpoint(folder: Path, state: SavedState, *, kept: int = KEPT) -> Path:
    """Write a checkpoint, name it last, and best if it is; remove old ones.

    Args:
        folder: of this run alone; made when missing.
        state: of a later step than any in the folder, or of the newest one again.
        kept: how many of the newest stay, at least 1.

    Returns:
        The path of the new checkpoint.

    Raises:
        TrainingFailed: the folder takes no such file, as when the disk is full; or it
            has a checkpoint of a later step. What was there is left.
    """
    newest = _newest(folder)
    step = state.position.step
    if newest is not None and _step_of(newest) > step:
        raise TrainingFailed(
            f"{folder}: a checkpoint of step {step}",
            expected="no later one there",
            got=newest.name,
            next_step="train into another folder, or delete the later ones",
        )
    path = folder / f"step-{step:09d}.npz"
    with _naming_room(folder, state):
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)  # before: what a killed process left may be what fills the disk
        if newest is not None:  # the process that wrote it may have been killed then
            _name_if_best(newest, read_score(newest, state.subject), state.subject)
        write_state(path, state)
        _name(path, LAST)
        _name_if_best(path, state.score, state.subject)
    LOGGER.info("checkpoint of step %d: %s", step, printable(path))
    for old in _by_step(folder)[:-kept]:
        old.unlink(missing_ok=True)
        LOGGER.debug("removed %s", printable(old))
    return path


def read_last(folder: Path, subject: Subject) -> SavedState | None:
    """Read the newest checkpoint of a folder; None when there is none yet.

    Raises:
        TrainingFailed: it is damaged, or of another recipe or network.
    """
    newest = _newest(folder)
    if newest is None:
        return None
    state = read_state(newest, subject)
    with located(newest):
        if state.position.step != _step_of(newest):
            raise TrainingFailed(
                "steps done",
                expected=_step_of(newest),
                got=state.position.step,
                next_step="give the file its own name again, or delete it",
            )
    LOGGER.info("goes on at step %d: %s", state.position.step, printable(newest))
    return state


def read_best(folder: Path, subject: Subject) -> SavedState | None:
    """Read the checkpoint with the highest score; None when none was evaluated.

    Raises:
        TrainingFailed: it is damaged, or of another recipe or network.
    """
    path = folder / BEST
    return read_state(path, subject) if path.exists() else None


def steps_done(folder: Path) -> int:
    """Return the steps of the newest checkpoint, by its name; 0 when there is none.

    Raises:
        TrainingFailed: the folder cannot be read.
    """
    newest = _newest(folder)
    return 0 if newest is None else _step_of(newest)


def _by_step(folder: Path) -> list[Path]:
    try:
        paths = [one for one in folder.iterdir() if _STEP_NAME.fullmatch(one.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TrainingFailed(
            f"{folder}: the folder of checkpoints",
            expected="a folder that can be read",
            got=error.strerror or str(error),
            next_step="choose another folder",
        ) from error
    return sorted(paths, key=_step_of)


def _newest(folder: Path) -> Path | None:
    paths = _by_step(folder)
    return paths[-1] if paths else None


def _step_of(path: Path) -> int:
    name = _STEP_NAME.fullmatch(path.name)
    assert name is not None
    return int(name[1])


def _name_if_best(path: Path, score: float | None, subject: Subject) -> None:
    if score is None or not math.isfinite(score):
        return
    best = path.parent / BEST
    highest = read_score(best, subject) if best.exists() else None
    if highest is None or score > highest:
        _name(path, BEST)
        LOGGER.info("%s is the best so far: %s", path.name, score)


def _name(path: Path, name: str) -> None:
    """Give a file a second name, which another file may have had."""
    with folder_in(path.parent, "name") as beside:
        try:
            os.link(path, beside / name)
        except OSError as error:
            if error.errno in _FULL:
                raise
            with replacing(path.parent / name) as copy:  # a disk without second names
                shutil.copyfile(path, copy)
        else:
            (beside / name).replace(path.parent / name)


@contextmanager
def _naming_room(folder: Path, state: SavedState) -> Iterator[None]:
    """Turn what the file system refuses into a message that says what is missing."""
    try:
        yield
    except OSError as error:
        needed_bytes = state_bytes(state)
        got = error.strerror or str(error)
        expected = "a folder that can be written"
        if error.errno in _FULL:
            free_bytes = _free_bytes(folder)
            expected = f"{needed_bytes} bytes free"
            got = f"{got}, {free_bytes} bytes free"
            if free_bytes < needed_bytes:  # a quota of the user's may be the reason
                got += f": {needed_bytes - free_bytes} missing"
        raise TrainingFailed(
            f"{folder}: the checkpoint of step {state.position.step} cannot be written",
            expected=expected,
            got=got,
            next_step="make room and start again: it goes on at the last checkpoint",
        ) from error


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
