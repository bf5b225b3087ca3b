"""Writes now and then a line of how far a piece of work is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from harness.artifact.transfer import Progress
from harness.pipeline.measure.watcher import Watcher
from harness.train.loop import Progress as Training

#: Between two lines of one piece of work; the last line always comes.
EVERY_S = 5.0

#: From here on a speed is told without decimals.
WHOLE_IMAGES_PER_S = 10


class ProgressLines:
    """Writes how far a piece of work is, at most every ``EVERY_S`` seconds.

    Args:
        write: takes a line.
        clock: seconds that only grow.
    """

    def __init__(
        self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._clock = clock
        self._last: dict[str, float] = {}

    def watcher(self) -> Watcher:
        """Return what :class:`~harness.pipeline.measure.measure.Measurer` tells."""
        return Watcher(
            fetching=self.fetching,
            training=self.training,
            detecting=self.detecting,
            noting=self._write,
        )

    def drawing(self, dataset: str, done: int, total: int) -> None:
        """Tell of scenes drawn for a dataset."""
        self._tell(
            f"drawing {dataset} scenes", f"{done} of {total}", is_last=done == total
        )

    def detecting(self, name: str, done: int, total: int) -> None:
        """Tell of images detected on."""
        self._tell(
            f"detecting on {name}",
            f"{done} of {total} images",
            is_last=done == total,
        )

    def checking(self, name: str) -> Callable[[int, int], None]:
        """Return what tells of images decoded."""

        def tell(done: int, total: int) -> None:
            self._tell(
                f"checking {name}", f"{done} of {total} images", is_last=done == total
            )

        return tell

    def unpacking(self, name: str, files: int) -> None:
        """Tell of files taken out of an archive."""
        self._tell(f"unpacking {name}", f"{files} files", is_last=False)

    def training(self, stage: str, progress: Training) -> None:
        """Tell of a training: losses, rate, speed, time left, and its evaluations."""
        is_last = progress.step == progress.steps or progress.score_pct is not None
        self._tell(f"training {stage}", _told_training(progress), is_last=is_last)

    def fetching(self, name: str) -> Progress:
        """Return what tells of the bytes of an archive."""

        def tell(done_bytes: int, total_bytes: int | None) -> None:
            total = "" if total_bytes is None else f" of {total_bytes / 1e6:.1f}"
            self._tell(
                f"fetching {name}",
                f"{done_bytes / 1e6:.1f}{total} MB",
                is_last=done_bytes == total_bytes,
            )

        return tell

    def _tell(self, work: str, how_far: str, *, is_last: bool) -> None:
        now = self._clock()
        if is_last or now - self._last.get(work, -EVERY_S) >= EVERY_S:
            self._last[work] = now
            self._write(f"{work}: {how_far}")


def _told_training(progress: Training) -> str:
    place = f"step {progress.step} of {progress.steps}"
    score = "" if progress.score_pct is None else f", AP {progress.score_pct:.1f}"
    if not progress.losses:
        return f"goes on after {place}{score}"
    parts = ", ".join(f"{part} {one:.2f}" for part, one in progress.losses.items())
    told = f"{place}, loss {progress.loss:.2f} ({parts}), rate {progress.rate:.1e}"
    if progress.images_per_s is not None:
        digits = 0 if progress.images_per_s >= WHOLE_IMAGES_PER_S else 2
        told += f", {progress.images_per_s:.{digits}f} images/s"
    if progress.left_s is not None:
        told += f", {_told_time(progress.left_s)} left"
    return told + score


def _told_time(seconds: float) -> str:
    """Return hours and minutes, rounded up: none is left at the very end alone."""
    minutes = math.ceil(seconds / 60)
    hours = minutes // 60
    return f"{hours} h {minutes % 60:02} min" if hours else f"{minutes} min"
