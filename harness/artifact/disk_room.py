"""Folders and the bytes that are to come into them in, or a refusal before any does."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from harness.artifact.entries import read_entries
from harness.artifact.unpack_limits import LIMITS, Limits
from harness.artifact.written_entries import is_taken
from harness.errors import UsageError


def demand_room(needs_bytes: Mapping[Path, int]) -> None:
    """Refuse unless every disk has room for what comes into its folders.

    Args:
        needs_bytes: by folder; one that does not exist yet counts as its parent.

    Raises:
        UsageError: a disk is too full; it says what is needed and what is free.
    """
    on_disk: dict[int, list[tuple[Path, int]]] = defaultdict(list)
    for folder, need_bytes in needs_bytes.items():
        there = _nearest(folder)
        on_disk[there.stat().st_dev].append((there, need_bytes))
    for needs in on_disk.values():
        need_bytes = sum(one for _, one in needs)
        folder = needs[0][0]
        free_bytes = shutil.disk_usage(folder).free
        if need_bytes > free_bytes:
            raise UsageError(
                f"{folder}: not enough room on the disk",
                expected=f"{need_bytes / 1e9:.2f} GB free",
                got=f"{free_bytes / 1e9:.2f} GB",
                next_step="free some space, or choose another --data-root, --zoo-cache",
            )


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


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.exists())
