"""One entry of an archive: its name, kind and bytes, and what can be wrong with it.

Tars and zips are read into the same entries. A name is made a path here, and refused
where that path would leave the folder that it is unpacked into.
"""

from __future__ import annotations

import gzip
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from harness.errors import ArchiveUnreadable

#: So much is held in memory of a file that is being unpacked.
CHUNK_BYTES = 1 << 18

LONGEST_PART_BYTES = 255  # NAME_MAX of every file system in use
LONGEST_NAME_BYTES = 1024  # leaves PATH_MAX (4096 on Linux) room for the cache's path
#: The deepest published one, of a dataset, is 5 deep; each part is a folder to make.
MAX_PARTS = 16
LONGEST_SHOWN = 80  # characters of a name in a message

DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    gzip.BadGzipFile,
    RuntimeError,  # zipfile: encrypted, or a feature that Python does not have
    OverflowError,  # an absurd size in a header: no file can be read from there on
    ValueError,  # zipfile: an absurd date or number
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of an archive. Its bytes must be read before the next one is asked."""

    name: str  # as the archive has it: not to be trusted
    kind: Literal["file", "folder", "other"]
    described: str  # what it is, in a word: "regular file", "symbolic link", ...
    claimed_bytes: int  # what the archive says: not to be trusted
    #: Yields the bytes of a file, piece by piece; raises ArchiveUnreadable when they
    #: are damaged or cut short.
    chunks: Callable[[], Iterator[bytes]]


@contextmanager
def naming_damage() -> Iterator[None]:
    """Turn what the libraries say of a damaged archive into a refusal.

    Raises:
        ArchiveUnreadable: with what was said.
    """
    try:
        yield
    except DAMAGE as error:
        raise damaged("a whole archive", f"{type(error).__name__} ({error})") from error


def damaged(expected: str, got: str) -> ArchiveUnreadable:
    """Return the refusal of an archive that lost some of its bytes, or has others."""
    return ArchiveUnreadable(
        "damaged or cut short",
        expected=expected,
        got=got,
        next_step="fetch it again",
    )


def distrusted(what: str, expected: str, got: object) -> ArchiveUnreadable:
    """Return the refusal of an archive that no honest program writes."""
    return ArchiveUnreadable(
        what, expected=expected, got=got, next_step="do not trust this archive"
    )


def safe_path(name: str) -> PurePosixPath:
    """Return the relative path that a name means; ``.`` for the folder itself.

    Raises:
        ArchiveUnreadable: the name leads outside the folder, or means different things
            on different systems.
    """
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise _unsafe("an absolute path", name)
    if "\\" in name or not name.isprintable():
        raise _unsafe("a backslash or a character that cannot be printed", name)
    path = PurePosixPath(name)
    if not name or ".." in path.parts:
        raise _unsafe("a path that leads outside", name)
    too_long = len(name.encode()) > LONGEST_NAME_BYTES or any(
        len(part.encode()) > LONGEST_PART_BYTES for part in path.parts
    )
    if too_long:
        raise _unsafe("a name too long to write", name)
    if len(path.parts) > MAX_PARTS:
        raise _unsafe(f"a name {len(path.parts)} folders deep", name)
    return path


def shown(name: str) -> str:
    """Return a name of an archive as a message has it: quoted, escaped and cut."""
    cut = name[:LONGEST_SHOWN]
    return repr(name) if len(name) <= LONGEST_SHOWN else f"{cut!r}..."


def _unsafe(what: str, name: str) -> ArchiveUnreadable:
    return ArchiveUnreadable(
        what,
        expected="a relative name inside the archive's folder",
        got=shown(name),
        next_step="do not trust this archive",
    )
