"""A large file's addresses and published digests in, its checked bytes on disk out.

What a broken transfer left is gone on with, so that the last byte of 18 GB is not worth
18 GB. The file appears under its name whole and checked, or not at all.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from harness.artifact.cache_entry import Content, writing_cache
from harness.artifact.kind import is_page, kind_of, read_head
from harness.artifact.patience import PATIENCE, Patience
from harness.artifact.progress import Progress
from harness.artifact.refusal import Refusal, of_source, refuse_archive, why_unusable
from harness.artifact.sources import Source, list_sources
from harness.artifact.transfer import receive
from harness.artifact.unpack_limits import DATASET_LIMITS
from harness.values.rows import Archive

#: The largest published archive, that of COCO's training images, is near 18 GiB.
#: At 100 kB a second it takes 54 hours.
LARGE_PATIENCE = replace(PATIENCE, largest_bytes=64 << 30, longest_s=72 * 3600.0)


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
    path, part = folder / wanted.name, folder / f".{wanted.name}.part"
    with writing_cache(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f".{wanted.name}.lock")
        lock.acquire()
    refusals: list[Refusal] = []
    try:
        if path.exists():
            refusal = _judge(wanted, f"{path}", path)
            if refusal is None:
                size_bytes = path.stat().st_size
                return LargeFile(path=path, source=path.as_uri(), size_bytes=size_bytes)
            refusals.append(refusal)
        for source in sources:
            got = _ask(
                wanted,
                source,
                part,
                progress=progress,
                patience=patience,
                sleep=sleep,
            )
            if isinstance(got, Content):
                with writing_cache(folder):
                    part.replace(path)
                return LargeFile(
                    path=path, source=source.address, size_bytes=got.size_bytes
                )
            refusals.append(got)
    finally:
        lock.release()
    raise refuse_archive(archive, refusals, offline=offline)


def file_digest(path: Path, algorithm: str) -> str:
    """Return a digest of a file's bytes as a fact names it: ``"md5:..."``."""
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


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


def _ask(
    wanted: WantedFile,
    source: Source,
    part: Path,
    *,
    progress: Progress | None,
    patience: Patience,
    sleep: Callable[[float], None],
) -> Content | Refusal:
    """Ask one source, and again while that may help."""
    failures, is_begun_anew = 0, False
    pace = patience.pace()
    while True:
        held_bytes = part.stat().st_size if part.exists() else 0
        got = receive(
            source,
            part,
            timeout_s=patience.timeout_s,
            largest_bytes=patience.largest_bytes,
            pace=pace,
            progress=progress,
            # Bytes of two versions may meet in one file: only a digest would tell.
            resume=bool(wanted.digests),
        )
        if isinstance(got, Content):
            refusal = _judge(wanted, source.address, part)
            if refusal is None:
                return got
            with writing_cache(part):
                part.unlink()
            # Begun by another run or source: the whole may be right. Asked once, or a
            # source that breaks and ends by turns would be asked for ever.
            if held_bytes and not is_begun_anew:
                is_begun_anew = True
                continue
            return of_source(refusal, source)
        refusal = Refusal(
            place=source.address, reason=got.reason, may_pass=got.may_pass
        )
        came_bytes = part.stat().st_size - held_bytes if wanted.digests else 0
        got_further = came_bytes >= patience.further_bytes
        failures = 0 if got_further else failures + 1
        if not got.may_pass or failures >= patience.tries or source.is_local:
            return refusal
        sleep(patience.wait_s(max(failures, 1)))


def _judge(wanted: WantedFile, place: str, path: Path) -> Refusal | None:
    """Say why the bytes are not taken for the file, or None when they are."""
    size_bytes = path.stat().st_size
    if wanted.digests:
        algorithms = dict.fromkeys(one.partition(":")[0] for one in wanted.digests)
        found = [file_digest(path, one) for one in algorithms]
        if set(found) & set(wanted.digests):
            return None
    else:
        found = []
        damage = why_unusable(path, DATASET_LIMITS)
        if damage is None and wanted.size_bytes in (None, size_bytes):
            return None
        if damage is not None:
            return Refusal(place=place, reason=damage, is_damaged=True)
    head = read_head(path)
    if kind_of(head) is None and is_page(head):
        return Refusal(
            place=place, reason=f"answered with a page that starts {head[:16]!r}"
        )
    told = ", ".join([f"{size_bytes} bytes", *(one.replace(":", " ") for one in found)])
    return Refusal(place=place, reason=told, is_other=True)
