"""Writes now and then a line of how far a piece of work is."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.artifact.transfer import Progress
from harness.pipeline.measure.watcher import Watcher
from harness.train.loop import Progress as Training

#: Between two lines of one piece of work; the last line always comes.
EVERY_S = 5.0


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
            fetching=self.fetching, detecting=self.detecting, noting=self._write
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
        """Tell of a training stage: loss, rate, speed and time left."""
        self._tell(
            f"training {stage}",
            f"step {progress.step} of {progress.steps}, loss {progress.loss:.2f}, "
            f"rate {progress.rate:.1e}, {progress.images_per_s:.0f} images/s, "
            f"{progress.left_s / 60:.1f} min left",
            is_last=progress.step == progress.steps,
        )

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
