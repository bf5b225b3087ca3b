"""Puts drawn files under a data root once all of them are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from harness.files.temporary import folder_in


def fill_beside(
    root: Path, parts: Sequence[str | PurePath], fill: Callable[[Path], None]
) -> None:
    """Let ``fill`` make files in a place beside, then put them under ``root``.

    Args:
        root: gets the parts; made when missing.
        parts: folders or files below it, in the order in which they are put there. One
            that is there already is kept. Where there are several, the last is the one
            that tells that the set is there.
        fill: makes them in the folder it is given.
    """
    root.mkdir(parents=True, exist_ok=True)
    with folder_in(root, "scenes") as beside:
        fill(beside)
        for part in parts:
            if not (root / part).exists():  # else of a drawing cut short: it is equal
                (root / part).parent.mkdir(parents=True, exist_ok=True)
                (beside / part).rename(root / part)
