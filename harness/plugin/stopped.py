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

    def stop(self, row: Row, kept_images: int, images: int) -> None:
        """Note how many images of a row's runs are kept, of how many."""
        self.kept[row.row_id] = (kept_images, images)

    def text(self, measured: Collection[str]) -> str:
        """Return how many images of which rows are kept, and how to go on.

        Args:
            measured: ids of the rows that have their record.
        """
        count, waiting = len(self.row_ids), {*self.row_ids} - {*self.kept, *measured}
        done = count - len(waiting) - len(self.kept)
        condition = "without --fresh, " if self.fresh else ""
        lines = [
            f"{row_id}: {kept_images} of {images} images are kept"
            for row_id, (kept_images, images) in self.kept.items()
        ]
        lines.append(
            f"{done} of {count} rows were measured, {len(self.kept)} were under way, "
            f"{len(waiting)} not begun"
        )
        lines.append(f"{condition}the same command goes on from there")
        return "\n".join(lines)


KEY = pytest.StashKey[UnderWay]()
