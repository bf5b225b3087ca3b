"""Fills a folder whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.files.temporary import folder_in


def fill_beside(
    root: Path, parts: tuple[str, ...], fill: Callable[[Path], None]
) -> None:
    """Let ``fill`` make folders in a place beside, and put them under ``root`` at once.

    Args:
        root: gets the folders; made when missing.
        parts: names of the folders; one that is there already is kept.
        fill: makes them in the folder it is given.
    """
    root.mkdir(parents=True, exist_ok=True)
    with folder_in(root, "scenes") as beside:
        fill(beside)
        for part in parts:
            if not (root / part).exists():  # else of a drawing cut short: it is equal
                (beside / part).rename(root / part)
