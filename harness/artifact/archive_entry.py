"""What every kind of archive is made of: entries, and ways to be damaged."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from harness.errors import ArchiveUnreadable

#: So much is held in memory of a file that is being unpacked.
CHUNK_BYTES = 1 << 18

DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,  # zipfile: a feature that Python does not have
    RuntimeError,  # zipfile: encrypted
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
