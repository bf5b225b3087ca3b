"""What a source gave in, the reason not to take it out; and all reasons, as one error.

Only bytes other than the pinned ones make a ``WrongArchive``. A page in an archive's
place says something about the way there, not about the archive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from harness.artifact.archive_entry import Entry
from harness.artifact.cache_entry import Content, is_pinned
from harness.artifact.entries import find_damage, read_entries
from harness.artifact.kind import is_page, kind_of, read_head
from harness.artifact.sources import Source, published_path
from harness.artifact.unpack_limits import LIMITS, Limits
from harness.errors import ArchiveUnavailable, ArchiveUnreadable, WrongArchive
from harness.values.rows import Archive


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
