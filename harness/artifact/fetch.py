"""Fetches an archive of a model or of a dataset, unless its right bytes are there.

Both come in by the same ``download``. They differ in what is known of their bytes, and
in what a broken transfer is worth. Many processes that want the same file make one
download: the first fetches, the others find it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.artifact.cache_entry import (
    CacheEntry,
    SourceNote,
    entry_of,
    locking,
    plan_fetch,
    read_content,
    read_note,
    why_replaced,
    write_note,
    writing_cache,
)
from harness.artifact.download import Download, download
from harness.artifact.patience import LARGE_PATIENCE, PATIENCE, Patience
from harness.artifact.refusal import Refusal, judge_content, judge_published
from harness.artifact.sources import list_sources
from harness.artifact.transfer import Progress
from harness.printable import printable
from harness.values.rows import Archive

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedArchive:
    """An archive in the cache, checked just now."""

    path: Path
    source: str  # the address that served it
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """One archive of a dataset and what was published of it."""

    name: str  # of the file
    urls: tuple[str, ...]  # the official address first
    size_bytes: int | None  # None when it is not known
    digests: tuple[str, ...]  # "md5:...": the bytes of any one of them are right


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeFile:
    """A file on disk whose bytes were checked just now."""

    path: Path
    source: str  # the address that served it
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
    with locking(entry.lock_path, cache):
        cached = _look(archive, entry)  # somebody may have fetched it meanwhile
        if isinstance(cached, FetchedArchive):
            return cached
        wanted = Download(
            archive=archive,
            path=entry.path,
            # One name for all: what a killed process left is overwritten.
            part=entry.part_path,
            sources=sources,
            offline=offline,
            judge=partial(judge_content, archive),
            resumes=False,
            patience=patience,
            progress=progress,
            sleep=sleep,
        )
        source, content = download(wanted, () if cached is None else (cached,))
        note = SourceNote(
            source=source.address,
            sha256=content.sha256,
            size_bytes=content.size_bytes,
        )
        with writing_cache(entry.folder):
            write_note(entry, note)
    return FetchedArchive(
        path=entry.path,
        source=source.address,
        sha256=content.sha256,
        size_bytes=content.size_bytes,
    )


def fetch_large(
    wanted: WantedFile,
    *,
    folder: Path,
    mirror: str | None,
    offline: bool,
    progress: Progress | None = None,
    patience: Patience = LARGE_PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> LargeFile:
    """Return the checked bytes of a file, which are fetched unless they are there.

    What a broken transfer left is gone on with: the last byte of 18 GB is not worth
    18 GB.

    Args:
        wanted: its addresses, size and digests.
        folder: where it goes; nothing is written outside it.
        mirror: a base that replaces scheme and host of every address, tried first.
        offline: ask only the folder and files of this machine.
        progress: called as bytes arrive.
        patience: tries, waits and limits; a try that got further is not counted.
        sleep: called with each wait between two tries, in seconds.

    Raises:
        ArchiveUnavailable: no source serves it; every tried one is listed.
        ArchiveUnreadable: no source serves it, and the mirror holds a damaged one.
        WrongArchive: no source serves the published bytes, and one serves others.
        UsageError: the mirror is not one, or the folder cannot be written.
        ZooDataError: an address is not one.
    """
    archive = _archive_of(wanted)
    sources = list_sources(archive, mirror=mirror, offline=offline)
    path = folder / wanted.name
    judge = partial(judge_published, wanted.digests, wanted.size_bytes)
    refusals: list[Refusal] = []
    with locking(folder / f".{wanted.name}.lock", folder):
        if path.exists():
            refusal = judge(f"{path}", path)
            if refusal is None:
                LOGGER.info("%s: taken as it is on disk", printable(path))
                size_bytes = path.stat().st_size
                return LargeFile(path=path, source=path.as_uri(), size_bytes=size_bytes)
            refusals.append(refusal)
        file = Download(
            archive=archive,
            path=path,
            part=folder / f".{wanted.name}.part",
            sources=sources,
            offline=offline,
            judge=lambda place, part, _: judge(place, part),
            resumes=bool(wanted.digests),
            patience=patience,
            progress=progress,
            sleep=sleep,
        )
        source, content = download(file, refusals)
    return LargeFile(path=path, source=source.address, size_bytes=content.size_bytes)


def _archive_of(wanted: WantedFile) -> Archive:
    first, *others = wanted.urls
    sha256 = [
        one.removeprefix("sha256:")
        for one in wanted.digests
        if one.startswith("sha256:")
    ]
    return Archive(
        name=wanted.name,
        url=first,
        moves=tuple(others),
        sha256=sha256[0] if sha256 else None,
        size_bytes=wanted.size_bytes,
    )


def _look(archive: Archive, entry: CacheEntry) -> FetchedArchive | Refusal | None:
    """Return the cached archive, what speaks against it, or None when none is there."""
    content, note = read_content(entry.path), read_note(entry)
    plan = plan_fetch(archive, content, note)
    if content is None or plan == "fetch":
        return None
    if plan == "replace":
        reason = why_replaced(archive, content, note)
        return Refusal(place=f"cache {entry.path}", reason=reason)
    LOGGER.info("%s: taken from the cache", printable(archive.name))
    is_noted = note is not None and note.sha256 == content.sha256
    return FetchedArchive(
        path=entry.path,
        source=note.source if note is not None and is_noted else entry.path.as_uri(),
        sha256=content.sha256,
        size_bytes=content.size_bytes,
    )
