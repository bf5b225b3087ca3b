"""A file in, its SHA-256 out, read only when it may have changed since the last time.

::

    <cache>/digests-1.json      path -> size, times, inode, SHA-256

Opening a set of 5000 images a second time then reads none of them. The file may be
deleted at any time, and one that cannot be read counts as empty.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from harness.atomic import write_text

FILE_NAME = "digests-1.json"
FORMAT = 1

#: A file that changed so shortly before it was read may change again without its times
#: telling: the coarsest clock of a file system in use counts 2 s (FAT).
SETTLED_NS = 2_000_000_000

#: What tells a changed file: size, time of change, time of the entry's change, inode.
Stamp: TypeAlias = tuple[int, int, int, int]


class DigestCache:
    """The digests of files by path, kept between runs; saved by who made it.

    Several processes may save: the last one wins, and keeps what the others saved.

    Args:
        path: the JSON file; need not exist.
        clock_ns: the time of day, as files are stamped.
    """

    def __init__(
        self, path: Path, *, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._path = path
        self._clock_ns = clock_ns
        self._kept = _read(path)
        self._new: dict[str, tuple[Stamp, str]] = {}

    def sha256(self, file: Path) -> str:
        """Return the SHA-256 of a file's bytes, as 64 hexadecimal digits.

        Raises:
            OSError: it cannot be read.
        """
        name = str(file.absolute())
        stamp = _stamp_of(file.stat())
        known = self._new.get(name) or self._kept.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        looked_ns = self._clock_ns()
        digest = file_sha256(file)
        is_settled = max(stamp[1], stamp[2]) + SETTLED_NS < looked_ns
        if is_settled and _stamp_of(file.stat()) == stamp:
            self._new[name] = (stamp, digest)
        return digest

    def save(self) -> None:
        """Keep what was learned; a folder that cannot be written is left alone."""
        if not self._new:
            return
        self._kept = {**_read(self._path), **self._new}
        data = {
            "format": FORMAT,
            "files": {
                name: [*stamp, digest] for name, (stamp, digest) in self._kept.items()
            },
        }
        try:
            write_text(self._path, json.dumps(data, sort_keys=True) + "\n")
        except OSError:
            return  # the next run reads the files again; nothing else is lost
        self._new = {}


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 lower-case hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp_of(found: os.stat_result) -> Stamp:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _read(path: Path) -> dict[str, tuple[Stamp, str]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return {}
        return {
            str(name): (
                (int(size), int(mtime_ns), int(ctime_ns), int(inode)),
                _hexadecimal(digest),
            )
            for name, (size, mtime_ns, ctime_ns, inode, digest) in data["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # a cache that cannot be read vouches for nothing


def _hexadecimal(digest: str) -> str:
    if len(bytes.fromhex(digest)) != hashlib.sha256().digest_size:
        raise ValueError(digest)
    return digest
