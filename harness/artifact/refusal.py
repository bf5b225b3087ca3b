"""Judges the bytes that a source gave, and sums up why no source's were taken.

Only bytes other than the pinned ones make a ``WrongArchive``. A page in an archive's
place says something about the way there, not about the archive.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from harness.artifact.archive.entries import (
    DATASET_LIMITS,
    LIMITS,
    Limits,
    find_damage,
    is_page,
    kind_of,
    read_entries,
    read_head,
)
from harness.artifact.archive.entry import Entry
from harness.artifact.cache_entry import Content, is_pinned
from harness.artifact.sources import Source, published_path
from harness.errors import ArchiveUnavailable, ArchiveUnreadable, WrongArchive
from harness.printable import printable
from harness.values.rows import Archive

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the bytes of one source, or those in the cache, were not taken."""

    place: str
    reason: str
    may_pass: bool = False  # worth another try
    is_other: bool = False  # whole bytes came, and they are not the pinned ones
    is_damaged: bool = False  # bytes came, and they are no whole archive
    is_own: bool = False  # of the mirror that was asked for, or of this machine

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


def judge_content(
    archive: Archive, place: str, path: Path, content: Content
) -> Refusal | None:
    """Say why a received file is not taken for the archive, or None when it is.

    A known digest decides alone. Without one the file must be a whole archive that
    holds a file.
    """
    if archive.sha256 is not None and is_pinned(archive, content):
        LOGGER.info("%s: its digest is the pinned one", printable(place))
        return None
    head = read_head(path)
    if content.size_bytes == 0:
        return Refusal(place=place, reason="answered with nothing", may_pass=True)
    if kind_of(head) is None and is_page(head):
        return Refusal(
            place=place, reason=f"answered with a page that starts {head[:16]!r}"
        )
    damage = why_unusable(path)
    if not is_pinned(archive, content):
        return Refusal(
            place=place,
            reason=f"{content.size_bytes} bytes, sha256 {content.sha256}",
            is_other=True,
            may_pass=damage is not None,  # perhaps cut short where nobody noticed
        )
    if damage is not None:
        return Refusal(place=place, reason=damage, may_pass=True, is_damaged=True)
    return None


def judge_published(
    digests: Sequence[str], size_bytes: int | None, place: str, path: Path
) -> Refusal | None:
    """Say why a file is not taken for one of a dataset, or None when it is.

    A digest that was published decides alone. Where none was, the file must be a whole
    archive that holds a file, and of the published size.

    Args:
        digests: ``"md5:..."``: the bytes of any one of them are right.
        size_bytes: None when it is not known.
        place: where the bytes came from.
        path: the bytes.
    """
    got_bytes = path.stat().st_size
    algorithms = dict.fromkeys(one.partition(":")[0] for one in digests)
    got_digests = [file_digest(path, one) for one in algorithms]
    if digests:
        if set(got_digests) & set(digests):
            LOGGER.info("%s: its digest is a published one", printable(place))
            return None
    else:
        damage = why_unusable(path, DATASET_LIMITS)
        if damage is not None:
            return Refusal(place=place, reason=damage, is_damaged=True)
        if size_bytes in (None, got_bytes):
            return None
    head = read_head(path)
    if kind_of(head) is None and is_page(head):
        return Refusal(
            place=place, reason=f"answered with a page that starts {head[:16]!r}"
        )
    shown = [f"{got_bytes} bytes", *(one.replace(":", " ") for one in got_digests)]
    return Refusal(place=place, reason=", ".join(shown), is_other=True)


def file_digest(path: Path, algorithm: str) -> str:
    """Return a digest of a file's bytes as a fact names it: ``"md5:..."``."""
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def of_source(refusal: Refusal, source: Source) -> Refusal:
    """Return a refusal of a source's bytes, noting whether that is the user's own.

    A server may answer with nothing, or with a page, in the place of a whole file. A
    file of this machine is what it is.
    """
    return replace(
        refusal,
        is_damaged=refusal.is_damaged or (source.is_local and not refusal.is_other),
        is_own=source.is_local or source.origin == "mirror",
    )


def why_unusable(path: Path, limits: Limits = LIMITS) -> str | None:
    """Say why the bytes of a file are no archive to take anything from, or None.

    Zeros are a whole tar, and so is a gzip of them: one without an entry.

    Args:
        path: the archive.
        limits: how much it may hold.
    """
    damage = find_damage(path, limits)
    entries = () if damage else read_entries(path, limits)
    if damage is None and not any(_is_file(one) for one in entries):
        return "an archive that holds no file"
    return damage


def _is_file(entry: Entry) -> bool:
    """Whether it is a file, and none that macOS adds: ``._x``, ``.DS_Store``."""
    return entry.kind == "file" and not PurePosixPath(entry.name).name.startswith(".")


def refuse_archive(
    archive: Archive, refusals: Sequence[Refusal], *, offline: bool
) -> ArchiveUnavailable | ArchiveUnreadable | WrongArchive:
    """Return the error that ends a fetch which nobody could serve.

    A damaged archive in the user's own mirror is one that cannot be read: it is there,
    and whoever put it there wants to know.
    """
    tried = " | ".join(str(one) for one in refusals)
    if any(one.is_other for one in refusals):
        pins = (
            archive.size_bytes is not None and f"{archive.size_bytes} bytes",
            archive.sha256 is not None and f"sha256 {archive.sha256}",
        )
        return WrongArchive(
            f"archive {archive.name}: the bytes are not the pinned ones",
            expected=", ".join(one for one in pins if one),
            got=tried,
            next_step="find the original, or pin the new bytes on purpose",
        )
    if any(one.is_damaged and one.is_own for one in refusals):
        return ArchiveUnreadable(
            f"archive {archive.name}: what is there is no whole archive",
            expected="a tar, tar.gz or zip",
            got=tried,
            next_step="put a whole one in its place",
        )
    step = f"give --mirror a folder that holds {published_path(archive.url)}"
    if offline:
        return ArchiveUnavailable(
            f"archive {archive.name}: not on this machine, and offline",
            expected="a cached copy or a local source",
            got=tried or "neither",
            next_step=f"go online, or {step}",
        )
    return ArchiveUnavailable(
        f"archive {archive.name}: no source serves it",
        expected="an archive from one of its addresses",
        got=tried,
        next_step=step,
    )
