"""Says whether an archive is in the cache, and how much is to come if it is not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.artifact.cache_entry import entry_of, read_note
from harness.values.rows import Archive


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedArchive:
    """An archive that some rows or a training need."""

    name: str
    is_cached: bool
    size_bytes: int | None  # from the cache or the lock; None when it is not known
    sha256: str | None  # likewise


def planned_archive(archive: Archive, cache: Path) -> PlannedArchive:
    """Return what is known of an archive; its bytes are not read."""
    entry = entry_of(archive, cache.absolute())
    note = read_note(entry)
    if entry.path.is_file() and note is not None:
        return PlannedArchive(
            name=archive.name,
            is_cached=True,
            size_bytes=note.size_bytes,
            sha256=note.sha256,
        )
    return PlannedArchive(
        name=archive.name,
        is_cached=False,
        size_bytes=archive.size_bytes,
        sha256=archive.sha256,
    )
