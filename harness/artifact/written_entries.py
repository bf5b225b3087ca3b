"""Writes the regular files of an archive into a new folder, and nothing else.

What an archive claims is not believed: every entry's name, kind and size is checked
while it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath, PurePosixPath

from harness.artifact.archive.entries import LIMITS, Limits, read_entries
from harness.artifact.archive.entry import Entry, distrusted, safe_path, shown
from harness.artifact.cache_entry import Content
from harness.errors import ArchiveUnreadable, located


def write_entries(
    archive_path: Path,
    folder: Path,
    limits: Limits = LIMITS,
    *,
    only: Sequence[str] = (),
    telling: Callable[[int], None] = lambda files: None,
) -> Mapping[str, Content]:
    """Write the files of an archive into a new folder; return what each one is.

    Args:
        archive_path: a tar, tar.gz or zip; its content says which.
        folder: is made; a refusal leaves it half-filled.
        limits: what the archive may unpack to, taken or not.
        only: write what lies at or below these paths alone; all of it for none.
        telling: called with the count of files after each.

    Raises:
        ArchiveUnreadable: damaged, cut short or beyond the limits, or an entry, taken
            or not, is neither a file nor a folder or leads outside.
    """
    folder.mkdir()
    room_bytes = limits.room_bytes(archive_path.stat().st_size)
    files: dict[str, Content] = {}
    made: set[PurePosixPath] = {PurePosixPath()}
    for entry in read_entries(archive_path, limits):
        with located(f"entry {shown(entry.name)}"):
            if entry.kind == "other":
                raise distrusted(
                    "neither a file nor a folder",
                    "regular files and folders only",
                    entry.described,
                )
            name = safe_path(entry.name)
            if not is_taken(name, only):
                continue
            made.update((name, *name.parents))  # a deep name implies many folders
            if len(made) - 1 > limits.entries:
                raise distrusted(
                    "too many files and folders", f"at most {limits.entries}", "more"
                )
            path = folder / name
            try:
                if entry.kind == "folder":
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                written = _write_file(entry, path, room_bytes)
            except (FileExistsError, NotADirectoryError) as error:
                raise ArchiveUnreadable(
                    "clashes with an entry before it",
                    expected="each name once",
                    got=f"{entry.described} over what is already there",
                    next_step="pack the archive again",
                ) from error
            room_bytes -= written.size_bytes
            files[name.as_posix()] = written
            telling(len(files))
    return files


def is_taken(name: str | PurePath, only: Sequence[str]) -> bool:
    """Whether an entry lies at or below one of the paths, or there are none."""
    return not only or any(PurePosixPath(name).is_relative_to(one) for one in only)


def claimed_bytes(
    archive_path: Path, only: tuple[str, ...] = (), limits: Limits = LIMITS
) -> int:
    """Return how much the files of an archive say that they unpack to.

    Args:
        archive_path: a tar, tar.gz or zip.
        only: count what lies at or below these paths alone; all of it for none.
        limits: how many entries it may have, and how far a tar.gz may unpack.

    Raises:
        ArchiveUnreadable: it is no archive, or its list of entries is damaged or too
            long.
    """
    return sum(
        entry.claimed_bytes
        for entry in read_entries(archive_path, limits)
        if entry.kind == "file" and is_taken(entry.name, only)
    )


def _write_file(entry: Entry, path: Path, room_bytes: int) -> Content:
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("xb") as file:  # "x": a second entry of that name is refused
        for chunk in entry.chunks():
            size_bytes += len(chunk)
            if size_bytes > room_bytes:
                raise distrusted(
                    "unpacks to too much",
                    f"at most {room_bytes} bytes from here on",
                    "more",
                )
            digest.update(chunk)
            file.write(chunk)
    return Content(sha256=digest.hexdigest(), size_bytes=size_bytes)
