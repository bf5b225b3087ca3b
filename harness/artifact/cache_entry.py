"""Decides what to do about an archive, from what lies in its place in the cache.

::

    <cache>/archives-1/<file name>-<digest of the printed URL>/
        <file name>       the bytes
        .part             bytes that are not checked yet
        .source.json      where they came from, their size and SHA-256
        .lock             held while somebody fetches

An entry belongs to the printed URL, so zoos that print the same URL share it. The
number in the path is that of this layout: another layout takes another number.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from filelock import FileLock

from harness.files.atomic import write_text
from harness.files.digest import file_sha256
from harness.files.own_folders import CACHE, writing
from harness.values.rows import Archive

LAYOUT = "archives-1"

#: ``keep`` what is cached; ``fetch`` what is not; ``replace`` what cannot be trusted.
Plan = Literal["keep", "fetch", "replace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """The place of one archive in the cache."""

    folder: Path
    path: Path  # the bytes

    @property
    def note_path(self) -> Path:
        """Where the note about the bytes lies."""
        return self.folder / ".source.json"

    @property
    def part_path(self) -> Path:
        """Where bytes gather until they are checked."""
        return self.folder / ".part"

    @property
    def lock_path(self) -> Path:
        """The file that is locked while somebody fetches."""
        return self.folder / ".lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What some bytes are."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNote:
    """What was written down when the bytes were fetched."""

    source: str  # the address that served them
    sha256: str
    size_bytes: int


def entry_of(archive: Archive, cache: Path) -> CacheEntry:
    """Return the archive's place in the cache; touches no disk."""
    last = urlsplit(archive.url).path.rpartition("/")[2]
    # The dot is kept off the front: there live the note, the lock and unfinished files.
    name = re.sub(r"[^A-Za-z0-9._-]", "_", last).lstrip(".")[-80:] or "archive"
    digest = hashlib.sha256(archive.url.encode()).hexdigest()
    folder = cache / LAYOUT / f"{name}-{digest[:12]}"
    return CacheEntry(folder=folder, path=folder / name)


def is_pinned(archive: Archive, content: Content) -> bool:
    """Whether the bytes agree with all that is known of the archive."""
    return archive.sha256 in (None, content.sha256) and archive.size_bytes in (
        None,
        content.size_bytes,
    )


def plan_fetch(
    archive: Archive, cached: Content | None, note: SourceNote | None
) -> Plan:
    """Decide what to do about an archive, from what lies in the cache.

    A known digest is enough to trust cached bytes. Without one they must be those that
    the note describes: bytes that nobody vouches for are fetched again.
    """
    if cached is None:
        return "fetch"
    if not is_pinned(archive, cached):
        return "replace"
    if archive.sha256 is None and not _is_noted(cached, note):
        return "replace"
    return "keep"


def why_replaced(archive: Archive, cached: Content, note: SourceNote | None) -> str:
    """Return what speaks against cached bytes that are to be replaced."""
    if note is None and archive.sha256 is None:
        return "nothing says where it came from"
    if note is not None and not _is_noted(cached, note):
        return (
            f"altered since it was fetched ({cached.size_bytes} bytes, sha256 "
            f"{cached.sha256}; noted {note.size_bytes} bytes, sha256 {note.sha256})"
        )
    return f"not the pinned bytes ({cached.size_bytes} bytes, sha256 {cached.sha256})"


def read_content(path: Path) -> Content | None:
    """Return what the bytes of a file are, or None when there is no file."""
    try:
        return Content(sha256=file_sha256(path), size_bytes=path.stat().st_size)
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_note(entry: CacheEntry) -> SourceNote | None:
    """Return the note about the cached bytes, or None when none can be read."""
    try:
        data = json.loads(entry.note_path.read_text(encoding="utf-8"))
        return SourceNote(
            source=str(data["source"]),
            sha256=str(data["sha256"]),
            size_bytes=int(data["size_bytes"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it vouches for nothing: plan_fetch sees that


def write_note(entry: CacheEntry, note: SourceNote) -> None:
    """Write the note about the cached bytes."""
    text = json.dumps(asdict(note), indent=2, sort_keys=True)
    write_text(entry.note_path, text + "\n")


@contextmanager
def writing_cache(path: Path) -> Iterator[None]:
    """Turn the file system's refusals into ours: they are no fault of a source.

    Raises:
        UsageError: the folder cannot be made or written, or the disk is full.
    """
    with writing(path, CACHE):
        yield


@contextmanager
def locking(lock_path: Path, cache: Path) -> Iterator[None]:
    """Hold a lock of the cache during the block; wait until nobody else does.

    Args:
        lock_path: the file to lock; its folder is made.
        cache: as a refusal names it.

    Raises:
        UsageError: the cache cannot be written.
    """
    with writing_cache(cache):
        held = FileLock(lock_path).acquire()  # makes the folder too
    with held:
        yield


def _is_noted(cached: Content, note: SourceNote | None) -> bool:
    return note is not None and (cached.sha256, cached.size_bytes) == (
        note.sha256,
        note.size_bytes,
    )
