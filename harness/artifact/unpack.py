"""Unpacks an archive into the cache and hands out the folder, verified each time.

::

    <cache>/folders-1/<SHA-256 of the archive>/        what it holds
    <cache>/folders-1/<SHA-256 of the archive>.json    the list of its files

The folder appears whole or not at all, and is compared with its list each time it is
handed out: a folder that somebody touched is unpacked again. Regular files and folders
are written, one by one, and nothing else.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness.artifact.archive.entries import LIMITS, Limits
from harness.artifact.cache_entry import Content, locking, writing_cache
from harness.artifact.written_entries import write_entries
from harness.errors import located
from harness.files.atomic import write_text
from harness.files.digest import file_sha256
from harness.printable import printable

LAYOUT = "folders-1"
FORMAT = 1  # of the list of files

LOGGER = logging.getLogger(__name__)


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
        LOGGER.info("%s: its folder is in the cache", printable(archive_path.name))
        return folder
    with locking(root / f".{digest}.lock", into_cache):
        if _is_there(folder, list_path):  # somebody may have unpacked it meanwhile
            return folder
        with writing_cache(into_cache):
            for left in root.glob(f".{digest}.new-*"):  # by a process that was killed
                shutil.rmtree(left)
            beside = Path(tempfile.mkdtemp(prefix=f".{digest}.new-", dir=root))
        try:
            with writing_cache(into_cache), located(archive_path.name):
                content = beside / "content"
                files = write_entries(archive_path, content, limits)
                write_manifest(list_path, files)
                if folder.exists():
                    folder.rename(beside / "touched")
                content.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    LOGGER.info("%s: unpacked, %d files", printable(archive_path.name), len(files))
    return folder


def write_manifest(path: Path, files: Mapping[str, Content]) -> None:
    """Write the list of a folder's files, by path below the folder."""
    data = {
        "format": FORMAT,
        "files": {
            name: {"sha256": one.sha256, "size_bytes": one.size_bytes}
            for name, one in files.items()
        },
    }
    write_text(path, json.dumps(data, indent=2, sort_keys=True) + "\n")


def read_manifest(path: Path) -> Mapping[str, Content] | None:
    """Return the list of a folder's files, or None when none can be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return None
        return {
            name: Content(sha256=one["sha256"], size_bytes=one["size_bytes"])
            for name, one in data["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a list that cannot be read vouches for nothing


def is_intact(folder: Path, files: Mapping[str, Content]) -> bool:
    """Whether the folder holds exactly these files, byte for byte, and no link."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    present = {}
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            return False
        if path.is_file():
            present[path.relative_to(folder).as_posix()] = path
    # Sizes first: they are free, and show most harm before a byte is read.
    return present.keys() == files.keys() and all(
        present[name].stat().st_size == one.size_bytes
        and file_sha256(present[name]) == one.sha256
        for name, one in files.items()
    )


def _is_there(folder: Path, list_path: Path) -> bool:
    files = read_manifest(list_path)
    return files is not None and is_intact(folder, files)
