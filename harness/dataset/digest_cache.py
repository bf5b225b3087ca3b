"""Keeps the SHA-256 of files, so that an unchanged file is not read again.

::

    <cache>/digests-2.json      path -> size, times, inode, SHA-256; and its own

Opening a set of 5000 images a second time then reads none of them. The file may be
deleted at any time. A damaged one counts as empty, even if one digit is wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from harness.files.atomic import write_text
from harness.files.digest import file_sha256

FILE_NAME = "digests-2.json"
FORMAT = 2

#: A file that changed so shortly before it was read may change again without its times
#: telling: the coarsest clock of a file system in use counts 2 s (FAT).
SETTLED_NS = 2_000_000_000

#: What tells a changed file: size, time of change, time of the entry's change, inode.
Stamp: TypeAlias = tuple[int, int, int, int]


class DigestCache:
    """Holds the digests of files by path between runs; its maker saves it.

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
        self._kept, self._damage = _read(path)
        self._is_believed = False
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
            self._is_believed |= name not in self._new
            return known[1]
        looked_ns = self._clock_ns()
        digest = file_sha256(file)
        is_settled = max(stamp[1], stamp[2]) + SETTLED_NS < looked_ns
        if is_settled and _stamp_of(file.stat()) == stamp:
            self._new[name] = (stamp, digest)
        return digest

    @property
    def damage(self) -> str | None:
        """What is wrong with the file that was found; None when nothing is."""
        return self._damage

    @property
    def is_believed(self) -> bool:
        """Whether a digest was told that an earlier run computed."""
        return self._is_believed

    def doubt(self) -> None:
        """Forget what earlier runs computed: every file is read again."""
        self._kept, self._is_believed = {}, False

    def save(self) -> None:
        """Keep what was learned; a folder that cannot be written is left alone."""
        if not self._new:
            return
        others, _ = _read(self._path)
        self._kept = {**others, **self._new}
        files = {name: [*stamp, digest] for name, (stamp, digest) in self._kept.items()}
        data = {"format": FORMAT, "files": files, "sha256": _checksum(files)}
        try:
            write_text(self._path, json.dumps(data, sort_keys=True) + "\n")
        except OSError:
            return  # the next run reads the files again; nothing else is lost
        self._new = {}


def _stamp_of(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _read(path: Path) -> tuple[dict[str, tuple[Stamp, str]], str | None]:
    """Return the digests in a file, and its damage; a damaged file has none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return {}, f"format {data['format']!r}"
        if data["sha256"] != _checksum(data["files"]):
            return {}, "its content does not have its checksum"
        return {
            str(name): (
                (int(size), int(mtime_ns), int(ctime_ns), int(inode)),
                _hexadecimal(digest),
            )
            for name, (size, mtime_ns, ctime_ns, inode, digest) in data["files"].items()
        }, None
    except FileNotFoundError:
        return {}, None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return {}, f"{type(error).__name__}: {error}"


def _checksum(files: Any) -> str:
    """Return the SHA-256 of the entries; any digit of any of them changes it."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _hexadecimal(digest: str) -> str:
    if len(bytes.fromhex(digest)) != hashlib.sha256().digest_size:
        raise ValueError(digest)
    return digest
