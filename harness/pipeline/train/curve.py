"""Gathers the curve of a training for its manifest."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.train.loop import Progress
from harness.train.manifest import LossPoint, ScorePoint, thinned


@dataclass(slots=True)
class Curve:
    """The losses and evaluations that a training told."""

    _losses: dict[int, LossPoint] = field(default_factory=dict)
    _scores: dict[int, ScorePoint] = field(default_factory=dict)

    def add(self, progress: Progress) -> None:
        """Take what is told of a step; a step that is told again replaces itself."""
        step = progress.step
        self._losses[step] = LossPoint(step=step, losses=dict(progress.losses))
        if progress.score_pct is not None:
            self._scores[step] = ScorePoint(step=step, ap_pct=progress.score_pct)

    def losses(self, steps: int) -> tuple[LossPoint, ...]:
        """Return the losses of the first steps, thinned."""
        return thinned([self._losses[at] for at in sorted(self._losses) if at <= steps])

    def scores(self, steps: int) -> tuple[ScorePoint, ...]:
        """Return the evaluations after the first steps, all of them."""
        return tuple(self._scores[at] for at in sorted(self._scores) if at <= steps)
