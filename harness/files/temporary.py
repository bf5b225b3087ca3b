"""Makes temporary files and folders, and sweeps those that killed processes left.

Each is locked while it is in use. The system takes the lock away with the process, so
one without a lock was left behind. Where there are no such locks nothing is swept.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.printable import printable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOGGER = logging.getLogger(__name__)

#: Ends the name of every temporary file and folder of ours, and of no other.
SUFFIX = ".zoo-new"

#: A younger one may not be locked yet.
YOUNG_S = 10.0


@contextmanager
def file_beside(path: Path) -> Iterator[Path]:
    """Give a new file in the folder of ``path``; remove it after the block."""
    handle, name = tempfile.mkstemp(
        prefix=f".{path.name}.", suffix=SUFFIX, dir=path.parent
    )
    os.close(handle)
    made = Path(name)
    try:
        with _held(made):
            yield made
    finally:
        made.unlink(missing_ok=True)


@contextmanager
def folder_in(folder: Path, name: str) -> Iterator[Path]:
    """Give a new hidden folder named for its use; remove it after the block."""
    made = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=SUFFIX, dir=folder))
    try:
        with _held(made):
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def temporary_folder(name: str) -> Iterator[Path]:
    """Give a new temporary folder ``zoo-<name>-...``; remove it after the block."""
    made = Path(tempfile.mkdtemp(prefix=f"zoo-{name}-", suffix=SUFFIX))
    try:
        with _held(made):
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def sweep(folder: Path, *, young_s: float = YOUNG_S) -> tuple[Path, ...]:
    """Remove what killed processes left in a folder, and return the paths.

    Removed is what has our suffix, belongs to this user, is no link, is older than
    ``young_s`` and is locked by no process. Folders inside are not searched. A folder
    that is missing or cannot be read holds nothing.
    """
    try:
        named = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    except OSError:
        return ()
    removed = tuple(path for path in named if _remove_left(path, young_s))
    for path in removed:
        LOGGER.info("removed %s, which a killed process left", printable(path))
    return removed


def _remove_left(path: Path, young_s: float) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False  # its process has just moved or removed it
    is_folder = stat.S_ISDIR(status.st_mode)
    if (
        not (is_folder or stat.S_ISREG(status.st_mode))
        or (hasattr(os, "getuid") and status.st_uid != os.getuid())
        or time.time() - status.st_mtime < young_s
    ):
        return False
    lock = _lock(path)
    if lock is None:
        return False
    try:
        if is_folder:
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return False  # a folder that may only be read keeps what was left
    finally:
        os.close(lock)
    return not path.exists()


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Lock a file or folder while the block runs, so that no sweep takes it."""
    lock = _lock(path)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _lock(path: Path) -> int | None:
    """Return the handle that holds the lock; None when another does or none can."""
    if fcntl is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a disk that knows no locks
        os.close(handle)
        return None
    return handle
