"""Tells of a training while it goes on: lines, a file of metrics and a picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from harness.pipeline.train.curves_picture import CURVES, draw_curves
from harness.pipeline.train.metrics_file import METRICS, MetricsFile, read_metrics
from harness.printable import printable
from harness.train.loop import Progress

#: Between two pictures of a training that is not evaluated; one takes half a second.
DRAWN_EVERY_S = 60.0


def watching(
    folder: Path,
    *,
    title: str,
    telling: Callable[[Progress], None] = lambda progress: None,
    noting: Callable[[str], None] = lambda line: None,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[Progress], None]:
    """Return what :func:`~harness.train.loop.train` tells of every step.

    The picture is drawn after each evaluation, at the end, and once a minute. A
    training without one goes on: why there is none is told once.

    Args:
        folder: of the training; gets ``metrics.jsonl`` and ``curves.png``.
        title: of the picture: the recipe and the seed.
        telling: told of every step too, for lines on a terminal.
        noting: takes the line that says why there is no picture.
        clock: seconds that only grow.

    Raises:
        TrainingFailed: what is returned cannot write the metrics, or read those that
            are there.
    """
    metrics = MetricsFile(folder / METRICS, clock=clock)
    picture = _Picture(folder, title, noting)
    drawn_s = clock()
    is_stale = False

    def watch(progress: Progress) -> None:
        nonlocal drawn_s, is_stale
        is_stale |= metrics.tell(progress)
        telling(progress)
        is_due = progress.score_pct is not None or progress.step == progress.steps
        if is_stale and (is_due or clock() - drawn_s >= DRAWN_EVERY_S):
            picture.draw()
            drawn_s, is_stale = clock(), False

    return watch


class _Picture:
    """Draws the curves in a folder as long as that works."""

    def __init__(self, folder: Path, title: str, noting: Callable[[str], None]) -> None:
        self._folder = folder
        self._title = title
        self._noting = noting
        self._is_told = False

    def draw(self) -> None:
        """Draw what the metrics tell so far, or say once why not."""
        lines = read_metrics(self._folder / METRICS)
        try:
            draw_curves(lines, self._folder / CURVES, title=self._title)
        except ImportError:
            self._tell("without matplotlib (the extra `compress` has it)")
        except OSError as error:
            self._tell(f"{error.strerror or error}")

    def _tell(self, why: str) -> None:
        if not self._is_told:
            self._is_told = True
            place = printable(self._folder / CURVES)
            self._noting(f"no picture {place}: {why}; the training goes on")
