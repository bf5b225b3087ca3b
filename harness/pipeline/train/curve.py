"""Keeps the curve of a training, over all the processes that took part in it.

``curve.json`` lies beside the checkpoints: a hundred losses, each of one step, evenly
spread over the schedule, and every evaluation. So the manifest of a training that was
stopped is that of one that was not. The metrics are no source of it: their lines are
means, and begin anew where a training goes on.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness.artifact.cache_entry import writing_cache
from harness.files.atomic import write_bytes
from harness.printable import printable
from harness.train.loop import Progress
from harness.train.manifest import MOST_BYTES, LossPoint, ScorePoint
from harness.values.schedules import Schedule

LOGGER = logging.getLogger(__name__)

FILE_NAME = "curve.json"
#: Most losses of a curve: more show nothing more in a picture.
MOST_LOSSES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """The content of the file."""

    losses: tuple[LossPoint, ...] = ()
    scores: tuple[ScorePoint, ...] = ()


@dataclass(slots=True, kw_only=True)
class Curve:
    """The losses and evaluations of a training.

    Args:
        folder: of the training.
        schedule: spreads the losses, and says where evaluations are due.
    """

    folder: Path
    schedule: Schedule
    _losses: dict[int, LossPoint] = field(default_factory=dict)
    _scores: dict[int, ScorePoint] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = _read(self.folder / FILE_NAME)
        self._losses = {one.step: one for one in kept.losses}
        self._scores = {one.step: one for one in kept.scores}

    def add(self, progress: Progress) -> None:
        """Take what is told of a step; a step that is told again replaces itself.

        An evaluation that is made up for has no losses: those of its step stay.
        """
        step = progress.step
        if progress.losses and (self._is_shown(step) or step == progress.steps):
            self._losses[step] = LossPoint(step=step, losses=dict(progress.losses))
            self._write()
        if progress.score_pct is not None:
            self._scores[step] = ScorePoint(step=step, ap_pct=progress.score_pct)
            self._write()

    def losses(self, steps: int) -> tuple[LossPoint, ...]:
        """Return the losses of a training of so many steps; the last one's too."""
        return tuple(
            self._losses[at]
            for at in sorted(self._losses)
            if at == steps or (at < steps and self._is_shown(at))
        )

    def scores(self, steps: int) -> tuple[ScorePoint, ...]:
        """Return the evaluations of a training of so many steps."""
        return tuple(
            self._scores[at]
            for at in sorted(self._scores)
            if at == steps or (at < steps and at % self.schedule.save_every_steps == 0)
        )

    def _is_shown(self, step: int) -> bool:
        return step % math.ceil(self.schedule.steps / MOST_LOSSES) == 0

    def _write(self) -> None:
        kept = _Kept(
            losses=tuple(self._losses[at] for at in sorted(self._losses)),
            scores=tuple(self._scores[at] for at in sorted(self._scores)),
        )
        with writing_cache(self.folder):
            write_bytes(self.folder / FILE_NAME, msgspec.json.encode(kept))


def _read(path: Path) -> _Kept:
    """Return what is kept; a file that says nothing loses a picture, and no weight."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(MOST_BYTES), type=_Kept)
    except FileNotFoundError:
        return _Kept()
    except (OSError, msgspec.DecodeError) as error:
        LOGGER.info("%s begins anew: %s", printable(path), error)
        return _Kept()
