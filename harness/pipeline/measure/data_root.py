"""Refuses a data root that is no folder."""

from __future__ import annotations

from pathlib import Path

from harness.dataset.datasets import DATASETS
from harness.errors import UsageError


def demand_data_root(path: Path, *, may_be_made: bool = False) -> Path:
    """Return the data root.

    Args:
        path: as it was given.
        may_be_made: it need not be there yet.

    Raises:
        UsageError: there is a file, or nothing.
    """
    is_there = path.exists() or path.is_symlink()
    if path.is_dir() or (may_be_made and not is_there):
        return path
    *folders, last = (one.folder for one in DATASETS.values())
    raise UsageError(
        f"data root {path}",
        expected=f"a folder that holds {', '.join(folders)} or {last}",
        got="a file" if path.is_file() else "nothing there",
        next_step="give another --data-root DIR, or set ZOO_DATA_ROOT",
    )
