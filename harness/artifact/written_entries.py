"""An archive and an empty place in, the regular files it holds out; nothing else.

What an archive claims is not believed: every entry's name, kind and size is checked
while it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from harness.artifact.cache_entry import Content
from harness.artifact.entries import Entry, read_entries
from harness.artifact.entry_name import safe_path
from harness.errors import ArchiveUnreadable, located


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an archive may unpack to."""

    entries: int = 20_000  # the published checkpoints have up to 459  # zoo-spec 3.6
    total_bytes: int = 4 << 30  # theirs are near 0.2 GB
    ratio: float = 200.0  # unpacked to packed; float32 weights do not reach 10
    ratio_free_bytes: int = 1 << 20  # so much may come out at any ratio

    def room_bytes(self, packed_bytes: int) -> int:
        """Return how many bytes an archive of that size may unpack to."""
        by_ratio = max(int(self.ratio * packed_bytes), self.ratio_free_bytes)
        return min(self.total_bytes, by_ratio)


LIMITS = Limits()


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
    # A tar spends a header and padding on each entry: two blocks, or six with a long
    # name.  Beyond that the stream holds more than it could honestly write.
    stream_bytes = room_bytes + 3072 * (limits.entries + 1) + 10240
    files: dict[str, Content] = {}
    entries = read_entries(archive_path, longest_stream_bytes=stream_bytes)
    for count, entry in enumerate(entries, start=1):
        if count > limits.entries:
            raise ArchiveUnreadable(
                "too many entries",
                expected=f"at most {limits.entries}",
                got="more",
                next_step="do not trust this archive",
            )
        with located(f"entry {entry.name!r}"):
            if entry.kind == "other":
                raise ArchiveUnreadable(
                    "neither a file nor a folder",
                    expected="regular files and folders only",
                    got=entry.described,
                    next_step="do not trust this archive",
                )
            name = safe_path(entry.name)
            if not is_taken(name, only):
                continue
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


def _write_file(entry: Entry, path: Path, room_bytes: int) -> Content:
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("xb") as file:  # "x": a second entry of that name is refused
        for chunk in entry.chunks():
            size_bytes += len(chunk)
            if size_bytes > room_bytes:
                raise ArchiveUnreadable(
                    "unpacks to too much",
                    expected=f"at most {room_bytes} bytes from here on",
                    got="more",
                    next_step="do not trust this archive",
                )
            digest.update(chunk)
            file.write(chunk)
    return Content(sha256=digest.hexdigest(), size_bytes=size_bytes)
