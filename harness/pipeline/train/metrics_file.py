"""Keeps what a training told of its steps, a line of JSON each; believes no such file.

::

    {"step":40,"epoch":1,"losses":{"xy":1.2,"wh":0.8},"rate":0.001,
     "images_per_s":8.1,"wall_s":61.5,"score_pct":31.2}

A line is of the steps since the line before, and its losses are their means. Lines are
appended as they come. A training that goes on from a checkpoint takes out those of
later steps, so that no step stands twice.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import msgspec

from harness.errors import TrainingFailed, located, refusing_unreadable
from harness.files.atomic import write_bytes
from harness.train.loop import Progress

METRICS = "metrics.jsonl"

LINES = 2000  # of a training, evaluations apart: a picture shows no more
#: Most bytes of such a file; a line has 250, and a training some thousands of them.
MOST_BYTES = 16 * 1024 * 1024
MOST_PARTS = 16  # of a loss; a student has seven
LONGEST_PART_CHARS = 40
MOST_PCT = 100
REMOVE = "move the file away: the training goes on, and begins another"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsLine:
    """What is told of the steps since the line before."""

    step: int  # steps done, with the last of these
    epoch: int  # of that one, from 0
    losses: Mapping[str, float]  # of each part: the mean over these steps
    rate: float  # of the last of them
    images_per_s: float | None  # None where only an evaluation was made up for
    wall_s: float  # since the training was begun or gone on with
    score_pct: float | None = None  # of an evaluation after them


class MetricsFile:
    """Appends to the metrics of a training.

    Args:
        path: of the file; its folder is made when missing.
        clock: seconds that only grow.
    """

    def __init__(
        self, path: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._clock = clock
        self._begin_s = clock()
        self._is_begun = False
        self._sums: dict[str, float] = {}
        self._steps = 0

    def tell(self, progress: Progress) -> bool:
        """Take what is told of a step, and return whether the file has changed.

        Raises:
            TrainingFailed: the file cannot be written; or the training goes on, and
                what it has is no such file.
        """
        if not self._is_begun:
            self._is_begun = True
            return self._begin(progress)
        return self._add(progress)

    def _begin(self, progress: Progress) -> bool:
        is_new_step = bool(progress.losses)
        kept, torn = _read(self._path) if self._path.exists() else ((), b"")
        lines = [one for one in kept if one.step < progress.step + (not is_new_step)]
        if not is_new_step and progress.score_pct is not None:
            last = lines[-1] if lines else None
            if last is not None and last.step == progress.step:
                lines[-1] = replace(last, score_pct=progress.score_pct)
            else:
                lines.append(self._line(progress))
        is_changed = tuple(lines) != kept or bool(torn)
        if is_changed:
            with _naming_room(self._path):
                write_bytes(self._path, b"".join(map(_encode, lines)))
        return self._add(progress) or is_changed if is_new_step else is_changed

    def _add(self, progress: Progress) -> bool:
        for part, loss in progress.losses.items():
            self._sums[part] = self._sums.get(part, 0.0) + loss
        self._steps += 1
        if not _is_due(progress):
            return False
        line = _encode(self._line(progress))
        self._sums, self._steps = {}, 0
        with _naming_room(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(line)
        return True

    def _line(self, progress: Progress) -> MetricsLine:
        return MetricsLine(
            step=progress.step,
            epoch=progress.epoch,
            losses={part: total / self._steps for part, total in self._sums.items()},
            rate=progress.rate,
            images_per_s=progress.images_per_s,
            wall_s=self._clock() - self._begin_s,
            score_pct=progress.score_pct,
        )


def read_metrics(path: Path) -> tuple[MetricsLine, ...]:
    """Return the lines of a file, steps ascending; what a killed process left is cut.

    Raises:
        TrainingFailed: it cannot be read, or is no such file.
    """
    return _read(path)[0]


def _is_due(progress: Progress) -> bool:
    """Tell whether a line ends with this step."""
    every = max(1, progress.steps // LINES)
    return (
        progress.step % every == 0
        or progress.score_pct is not None
        or progress.step == progress.steps
    )


def _encode(line: MetricsLine) -> bytes:
    told = {name: one for name, one in asdict(line).items() if one is not None}
    return msgspec.json.encode(told) + b"\n"


def _read(path: Path) -> tuple[tuple[MetricsLine, ...], bytes]:
    """Return the lines, and what stands behind the last line's end."""
    with located(path), refusing_unreadable(TrainingFailed, REMOVE):
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _refused("bytes", f"{MOST_BYTES} at most", "more")
        *texts, torn = content.split(b"\n")
        lines = []
        for number, text in enumerate(texts, 1):
            with located(f"line {number}"):
                lines.append(_parse(text))
        for number, (earlier, later) in enumerate(pairwise(lines), 2):
            if later.step <= earlier.step:
                with located(f"line {number}"):
                    raise _refused("step", f"one after {earlier.step}", later.step)
    return tuple(lines), torn


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    """A line as it is written."""

    step: int
    epoch: int
    losses: dict[str, float]
    rate: float
    wall_s: float
    images_per_s: float | None = None
    score_pct: float | None = None


def _parse(text: bytes) -> MetricsLine:
    try:
        written = msgspec.json.decode(text, type=_Written)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused("not metrics", "a line as it was written", error) from error
    numbers = (
        written.step,
        written.epoch,
        written.rate,
        written.wall_s,
        written.images_per_s or 0,
        written.score_pct or 0,
    )
    if min(numbers) < 0 or (written.score_pct or 0) > MOST_PCT:
        raise _refused("a number", "0 or more, and 100 % at most", text.decode())
    if len(written.losses) > MOST_PARTS or any(
        len(part) > LONGEST_PART_CHARS or not part.isidentifier()
        for part in written.losses
    ):
        raise _refused(
            "losses", f"{MOST_PARTS} parts at most, by name", ", ".join(written.losses)
        )
    if not all(map(math.isfinite, (*written.losses.values(), *numbers))):
        raise _refused("a number", "finite", text.decode())
    return MetricsLine(**msgspec.structs.asdict(written))


def _refused(what: str, expected: object, got: object) -> TrainingFailed:
    return TrainingFailed(what, expected=expected, got=got, next_step=REMOVE)


@contextmanager
def _naming_room(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into a message."""
    try:
        yield
    except OSError as error:
        raise TrainingFailed(
            f"{path}: a line cannot be written",
            expected="room for it",
            got=error.strerror or error,
            next_step="make room and start again: the training goes on",
        ) from error
