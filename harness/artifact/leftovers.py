"""Removes from a cache what killed processes left there.

What another process fetches or unpacks now is locked, and stays.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from harness.artifact import cache_entry, unpack
from harness.files.temporary import sweep


def sweep_archives(cache: Path) -> None:
    """Remove half-fetched archives and half-unpacked folders that nobody works on.

    A cache that may only be read keeps what was left.
    """
    archives = cache / cache_entry.LAYOUT
    for entry in _folders(archives):
        sweep(entry)
        part = entry / ".part"
        if part.is_file():  # a transfer of an archive is not gone on with
            with _if_free(entry / ".lock") as is_free:
                if is_free:
                    part.unlink(missing_ok=True)
    folders = cache / unpack.LAYOUT
    sweep(folders)
    for left in folders.glob(".*.new-*"):
        digest = left.name.partition(".new-")[0].removeprefix(".")
        with _if_free(folders / f".{digest}.lock") as is_free:
            if is_free and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(one for one in root.iterdir() if one.is_dir())
    except OSError:
        return []


@contextmanager
def _if_free(lock_path: Path) -> Iterator[bool]:
    """Hold a lock during the block if nobody else does, and say whether."""
    lock = FileLock(lock_path)
    try:
        lock.acquire(blocking=False)
    except OSError:  # of filelock too: somebody else holds it
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
