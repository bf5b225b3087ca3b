"""An archive in, a verified folder out.

::

    <cache>/folders-1/<SHA-256 of the archive>/        what it holds
    <cache>/folders-1/<SHA-256 of the archive>.json    the list of its files

The folder appears whole or not at all, and is compared with its list each time it is
handed out: a folder that somebody touched is unpacked again. Regular files and folders
are written, one by one, and nothing else.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from harness.artifact.cache_entry import Content, writing_cache
from harness.artifact.digest import file_sha256
from harness.artifact.entries import Entry, read_entries
from harness.artifact.entry_name import safe_path
from harness.artifact.folder_manifest import is_intact, read_manifest, write_manifest
from harness.errors import ArchiveUnreadable, located

LAYOUT = "folders-1"


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


def unpack(archive_path: Path, into_cache: Path, limits: Limits = LIMITS) -> Path:
    """Return the verified folder of an archive, unpacked now or before.

    Args:
        archive_path: a tar, tar.gz or zip; its content says which.
        into_cache: the folder to keep folders in; nothing is written outside it.
        limits: what it may unpack to.

    Raises:
        ArchiveUnreadable: damaged, cut short or beyond the limits, or an entry is
            neither a file nor a folder or leads outside; the message names the entry.
        UsageError: the cache cannot be written.
    """
    digest = file_sha256(archive_path)
    root = into_cache / LAYOUT
    folder, list_path = root / digest, root / f"{digest}.json"
    if _is_there(folder, list_path):
        return folder
    with writing_cache(into_cache):
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / f".{digest}.lock")
        lock.acquire()
    try:
        if _is_there(folder, list_path):  # somebody may have unpacked it meanwhile
            return folder
        with writing_cache(into_cache):
            for left in root.glob(f".{digest}.new-*"):  # by a process that was killed
                shutil.rmtree(left)
            beside = Path(tempfile.mkdtemp(prefix=f".{digest}.new-", dir=root))
        try:
            with writing_cache(into_cache), located(archive_path.name):
                content = beside / "content"
                files = _write_entries(archive_path, content, limits)
                write_manifest(list_path, files)
                if folder.exists():
                    folder.rename(beside / "touched")
                content.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    finally:
        lock.release()
    return folder


def _is_there(folder: Path, list_path: Path) -> bool:
    files = read_manifest(list_path)
    return files is not None and is_intact(folder, files)


def _write_entries(
    archive_path: Path, folder: Path, limits: Limits
) -> Mapping[str, Content]:
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
            path = folder / safe_path(entry.name)
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
            files[path.relative_to(folder).as_posix()] = written
    return files


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
