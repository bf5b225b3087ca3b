"""Demands room for files that are to come, and moves new files to their place.

A file that is there already is never changed: one of the same bytes stays, and one of
other bytes stops everything before the first file is moved.
"""

from __future__ import annotations

import filecmp
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import DatasetInvalid, UsageError
from harness.printable import first_few

#: How many files a message names; the rest are counted.
NAMED_FILES = 3


def demand_room(needs_bytes: Mapping[Path, int]) -> None:
    """Refuse unless every disk has room for what comes into its folders.

    Args:
        needs_bytes: by folder; one that does not exist yet counts as its parent.

    Raises:
        UsageError: a disk is too full; it says what is needed and what is free.
    """
    on_disk: dict[int, list[tuple[Path, int]]] = defaultdict(list)
    for folder, need_bytes in needs_bytes.items():
        there = _nearest(folder)
        on_disk[there.stat().st_dev].append((there, need_bytes))
    for needs in on_disk.values():
        need_bytes = sum(one for _, one in needs)
        folder = needs[0][0]
        free_bytes = shutil.disk_usage(folder).free
        if need_bytes > free_bytes:
            raise UsageError(
                f"{folder}: not enough room on the disk",
                expected=f"{need_bytes / 1e9:.2f} GB free",
                got=f"{free_bytes / 1e9:.2f} GB",
                next_step="free some space, or choose another --data-root, --zoo-cache",
            )


def place_files(staged: Path, root: Path, *, last: Sequence[str] = ()) -> int:
    """Move the files of one folder to the same paths below another; return how many.

    Both must lie on one disk: each file appears under its name whole. A folder that is
    not there yet appears with all of its files at once.

    Args:
        staged: holds nothing but what is to be moved; loses it.
        root: is made when missing.
        last: paths that are moved after all others, so that they vouch for them.

    Raises:
        DatasetInvalid: a file is there with other bytes; it is named.
    """
    paths = sorted(one for one in staged.rglob("*") if one.is_file())
    clashes = [
        path
        for path in paths
        if (there := root / path.relative_to(staged)).exists()
        and not (there.is_file() and filecmp.cmp(path, there, shallow=False))
    ]
    if clashes:
        named = [str(one.relative_to(staged)) for one in clashes]
        raise DatasetInvalid(
            f"{len(clashes)} of {len(paths)} files are in {root} with other bytes",
            expected="files as published, or none",
            got=first_few(named, NAMED_FILES),
            next_step="move them away, or choose another --data-root",
        )
    root.mkdir(parents=True, exist_ok=True)
    vouching = [staged / one for one in last if (staged / one).is_file()]
    _move_tree(staged, root, held_back=frozenset(vouching))
    for path in vouching:
        there = root / path.relative_to(staged)
        there.parent.mkdir(parents=True, exist_ok=True)
        path.replace(there)
    return len(paths)


def _move_tree(folder: Path, into: Path, *, held_back: frozenset[Path]) -> None:
    for path in sorted(folder.iterdir()):
        there = into / path.name
        is_folder = path.is_dir()
        if is_folder and (there.exists() or _holds(path, held_back)):
            there.mkdir(exist_ok=True)
            _move_tree(path, there, held_back=held_back)
        elif path not in held_back and not there.exists():
            path.rename(there)


def _holds(folder: Path, held_back: frozenset[Path]) -> bool:
    return any(one.is_relative_to(folder) for one in held_back)


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.exists())
