"""An archive's addresses in, its checked bytes in the cache out.

A file appears under its name whole and checked, or not at all. Many processes that want
the same archive make one download: the first fetches, the others find it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from harness.artifact.cache_entry import (
    CacheEntry,
    SourceNote,
    entry_of,
    plan_fetch,
    read_content,
    read_note,
    why_replaced,
    write_note,
    writing_cache,
)
from harness.artifact.failure import TransferFailure
from harness.artifact.pace import Pace
from harness.artifact.patience import PATIENCE, Patience
from harness.artifact.progress import Progress
from harness.artifact.refusal import (
    Refusal,
    judge_content,
    of_source,
    refuse_archive,
)
from harness.artifact.sources import Source, list_sources
from harness.artifact.transfer import receive
from harness.values.rows import Archive


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedArchive:
    """An archive in the cache, checked just now."""

    path: Path
    source: str  # the address that served it
    sha256: str
    size_bytes: int


def fetch_archive(
    archive: Archive,
    *,
    cache: Path,
    mirror: str | None,
    offline: bool,
    progress: Progress | None = None,
    patience: Patience = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> FetchedArchive:
    """Return the archive's checked bytes, from the cache or else from a source.

    Cached bytes are hashed again each time. Bytes of a known digest must have it; of an
    unknown one they must at least be a whole tar, tar.gz or zip.

    Args:
        archive: its addresses, and its digest and size where they are known.
        cache: the folder to keep archives in; nothing is written outside it.
        mirror: a base that replaces scheme and host of every address, tried first.
        offline: ask only the cache and files of this machine.
        progress: called as bytes arrive.
        patience: tries, waits and limits.
        sleep: called with each wait between two tries, in seconds.

    Raises:
        ArchiveUnavailable: no source serves it; every tried one is listed.
        ArchiveUnreadable: no source serves it, and the mirror holds a damaged one.
        WrongArchive: no source serves the pinned bytes, and one serves others.
        UsageError: the mirror is not one, or the cache cannot be written.
        ZooDataError: an address is not one.
    """
    sources = list_sources(archive, mirror=mirror, offline=offline)
    entry = entry_of(archive, cache.absolute())
    # Before the lock: a cache that is filled and may only be read needs none.
    cached = _look(archive, entry)
    if isinstance(cached, FetchedArchive):
        return cached
    with writing_cache(cache):
        entry.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(entry.lock_path)
        lock.acquire()
    try:
        cached = _look(archive, entry)  # somebody may have fetched it meanwhile
        if isinstance(cached, FetchedArchive):
            return cached
        refusals = [] if cached is None else [cached]
        for source in sources:
            got = _ask(
                archive,
                source,
                entry,
                progress=progress,
                patience=patience,
                sleep=sleep,
            )
            if isinstance(got, FetchedArchive):
                return got
            refusals.append(got)
    finally:
        lock.release()
    raise refuse_archive(archive, refusals, offline=offline)


def _look(archive: Archive, entry: CacheEntry) -> FetchedArchive | Refusal | None:
    """Return the cached archive, what speaks against it, or None when none is there."""
    found, note = read_content(entry.path), read_note(entry)
    plan = plan_fetch(archive, found, note)
    if found is None or plan == "fetch":
        return None
    if plan == "replace":
        reason = why_replaced(archive, found, note)
        return Refusal(place=f"cache {entry.path}", reason=reason)
    is_noted = note is not None and note.sha256 == found.sha256
    return FetchedArchive(
        path=entry.path,
        source=note.source if note is not None and is_noted else entry.path.as_uri(),
        sha256=found.sha256,
        size_bytes=found.size_bytes,
    )


def _ask(
    archive: Archive,
    source: Source,
    entry: CacheEntry,
    *,
    progress: Progress | None,
    patience: Patience,
    sleep: Callable[[float], None],
) -> FetchedArchive | Refusal:
    """Ask one source, and again while its failure may pass."""
    tries = 1 if source.is_local else patience.tries
    pace = patience.pace()
    for tried in range(1, tries):
        got = _ask_once(
            archive, source, entry, progress=progress, patience=patience, pace=pace
        )
        if isinstance(got, FetchedArchive) or not got.may_pass:
            return got
        sleep(patience.wait_s(tried))
    got = _ask_once(
        archive, source, entry, progress=progress, patience=patience, pace=pace
    )
    if isinstance(got, Refusal) and tries > 1:
        return replace(got, reason=f"{got.reason} (try {tries} of {tries})")
    return got


def _ask_once(
    archive: Archive,
    source: Source,
    entry: CacheEntry,
    *,
    progress: Progress | None,
    patience: Patience,
    pace: Pace,
) -> FetchedArchive | Refusal:
    place = source.address
    # One name for all: the lock is held, and what a killed process left is overwritten.
    part = entry.part_path
    try:
        got = receive(
            source,
            part,
            timeout_s=patience.timeout_s,
            largest_bytes=patience.largest_bytes,
            pace=pace,
            progress=progress,
        )
        if isinstance(got, TransferFailure):
            return Refusal(place=place, reason=got.reason, may_pass=got.may_pass)
        refusal = judge_content(archive, place, part, got)
        if refusal is not None:
            return of_source(refusal, source)
        note = SourceNote(source=place, sha256=got.sha256, size_bytes=got.size_bytes)
        with writing_cache(entry.folder):
            part.replace(entry.path)
            write_note(entry, note)
    finally:
        with writing_cache(entry.folder):
            part.unlink(missing_ok=True)
    return FetchedArchive(
        path=entry.path, source=place, sha256=got.sha256, size_bytes=got.size_bytes
    )
