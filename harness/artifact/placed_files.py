"""A folder of new files and a place in, the same files in that place out.

What is there already is never changed: a file of the same bytes stays, and one of other
bytes stops everything before the first file is moved.
"""

from __future__ import annotations

import filecmp
from collections.abc import Sequence
from pathlib import Path

from harness.errors import DatasetInvalid
from harness.printable import first_few

#: How many files a message names; the rest are counted.
NAMED_FILES = 3


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
