"""Tells how far the rows were when a signal stopped a session, and how to go on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from harness.values.rows import Row


@dataclass(slots=True, kw_only=True)
class UnderWay:
    """The rows of a session, and how far each was when a signal came."""

    row_ids: tuple[str, ...]  # selected, in the order of their cases
    fresh: bool  # was asked for: the same command would not use what is kept
    kept: dict[str, tuple[int, int]] = field(default_factory=dict)
    measured: set[str] = field(default_factory=set)  # whatever became of their cases
    training: list[str] = field(default_factory=list)  # ids of second cases, begun

    def stop(self, row: Row, kept_images: int, images: int) -> None:
        """Note how many images of a row's runs are kept, of how many."""
        self.kept[row.row_id] = (kept_images, images)

    def text(self, measured: Collection[str]) -> str:
        """Return how many images of which rows are kept, and how to go on.

        Args:
            measured: ids of the rows that have their record.
        """
        rows = {*self.row_ids}
        begun = rows & {*self.kept}
        waiting = rows - begun - {*measured} - self.measured
        done = len(rows) - len(waiting) - len(begun)
        condition = "without --fresh, " if self.fresh else ""
        lines = [
            f"{row_id}: {kept_images} of {images} images are kept"
            for row_id, (kept_images, images) in self.kept.items()
        ]
        lines += [
            f"{case_id}: its training is kept to the last whole step"
            for case_id in self.training
            if case_id not in self.kept
        ]
        if rows:
            lines.append(
                f"{done} of {len(rows)} rows were measured, {len(begun)} were under "
                f"way, {len(waiting)} not begun"
            )
        lines.append(f"{condition}the same command goes on from there")
        return "\n".join(lines)


KEY = pytest.StashKey[UnderWay]()
