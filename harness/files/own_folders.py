"""Refuses a place that cannot be written, and names the option to choose another.

A cache, records folder or result file that cannot be written is no fault of a row, an
archive or a source.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.files.temporary import file_beside
from harness.printable import printable
from harness.values import options

#: A disk with less room is full: the records of one COCO row take more.
PROBE_BYTES = 1 << 20

#: Errors of the system that mean: this file cannot be written, by whatever program.
NOT_WRITABLE = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.ENAMETOOLONG,
        errno.ENOSPC,
        errno.EPERM,
        errno.EROFS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFolder:
    """A folder or file that the harness writes, and how to choose another."""

    called: str
    option: str
    twin: str = ""  # its environment variable; empty when it has none


CACHE = OwnFolder(
    called="the cache", option=options.ZOO_CACHE.name, twin=options.ZOO_CACHE.twin
)
RECORDS = OwnFolder(
    called="the records folder",
    option=options.RECORDS.name,
    twin=options.RECORDS.twin,
)
RESULT_FILE = OwnFolder(called="the result file", option="--output")
CURVES_FILE = OwnFolder(called="the file of curves", option="--curves")


@contextmanager
def writing(path: Path, own: OwnFolder) -> Iterator[None]:
    """Turn a refusal of the file system into one that names the option.

    Raises:
        UsageError: the place cannot be made or written, or the disk is full.
    """
    option = f"{own.option} ({own.twin})" if own.twin else own.option
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{path}: {own.called} cannot be written",
            expected="a folder with room in it",
            got=error.strerror or str(error),
            next_step=f"free some space or choose another {option}",
        ) from error


def cannot_write(error: OSError) -> UsageError:
    """Return the refusal of a file that the user chose and that cannot be written."""
    return UsageError(
        f"{printable(error.filename or 'a file')} cannot be written or read",
        expected="a place with room in it, open to this user",
        got=error.strerror or str(error),
        next_step="free some space or choose another place",
    )


def demand_writable(folder: Path, own: OwnFolder) -> None:
    """Make a folder unless it is there, and refuse one that takes no file.

    Raises:
        UsageError: it takes none; the message names the folder and the option.
    """
    with writing(folder, own):
        folder.mkdir(parents=True, exist_ok=True)
        # Written, not asked for: modes say nothing to root, nor of a full disk.
        with file_beside(folder / "probe") as probe:
            probe.write_bytes(bytes(PROBE_BYTES))
