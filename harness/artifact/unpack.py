"""An archive in, a verified folder out.

::

    <cache>/folders-1/<SHA-256 of the archive>/        what it holds
    <cache>/folders-1/<SHA-256 of the archive>.json    the list of its files

The folder appears whole or not at all, and is compared with its list each time it is
handed out: a folder that somebody touched is unpacked again. Regular files and folders
are written, one by one, and nothing else.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from harness.artifact.cache_entry import writing_cache
from harness.artifact.folder_manifest import is_intact, read_manifest, write_manifest
from harness.artifact.unpack_limits import LIMITS, Limits
from harness.artifact.written_entries import write_entries
from harness.errors import located
from harness.files.digest import file_sha256

LAYOUT = "folders-1"


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
                files = write_entries(archive_path, content, limits)
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
