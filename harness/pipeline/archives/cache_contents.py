"""Lists what lies in a cache by kind, size and age, and clears parts of it.

Archives are kept twice, as fetched and unpacked; both are of the kind ``archives``.
What is cleared is fetched or computed again when it is needed.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from harness.artifact import cache_entry, unpack
from harness.errors import UsageError
from harness.files.own_folders import CACHE, writing
from harness.files.temporary import folder_in
from harness.pipeline.measure.run_keys import STORE

ARCHIVES, DETECTIONS, OTHER = "archives", "detections", "other"
#: What may be cleared by name; the rest, as drawn scenes, goes with the folder.
CLEARED = (ARCHIVES, DETECTIONS)
DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheItem:
    """One archive, run or other thing in a cache."""

    kind: str
    name: str  # below the cache
    path: Path
    size_bytes: int
    changed_s: float  # when a file of it last changed; seconds since 1970


def cache_items(cache: Path) -> tuple[CacheItem, ...]:
    """Return what lies in a cache, the largest first; nothing where there is none."""
    folders = {
        cache_entry.LAYOUT: ARCHIVES,
        unpack.LAYOUT: ARCHIVES,
        STORE: DETECTIONS,
    }
    items = []
    for path in _inside(cache):
        kind = folders.get(path.name)
        if kind is None:
            items.append(_item(OTHER, path, cache))
            continue
        items += [_item(kind, one, cache) for one in _inside(path) if one.is_dir()]
    return tuple(sorted(items, key=lambda one: (-one.size_bytes, one.name)))


def chosen_items(
    items: Sequence[CacheItem],
    *,
    kinds: Collection[str],
    older_than_days: float | None,
    now_s: float,
) -> tuple[CacheItem, ...]:
    """Return what is to be cleared.

    Args:
        items: of the cache.
        kinds: out of ``archives`` and ``detections``; none means both, given an age.
        older_than_days: only what did not change for so long; None means any.
        now_s: the time of day.

    Raises:
        UsageError: neither kinds nor an age were asked for.
    """
    if not kinds and older_than_days is None:
        raise UsageError(
            "nothing was said to clear",
            expected="--archives, --detections or --older-than DAYS",
            got="none of them",
            next_step="`zoo cache list` shows what is there",
        )
    oldest_s = now_s - DAY_S * (older_than_days or 0)
    return tuple(
        one
        for one in items
        if one.kind in (kinds or CLEARED)
        and (older_than_days is None or one.changed_s < oldest_s)
    )


def clear_items(
    items: Sequence[CacheItem], cache: Path
) -> tuple[tuple[CacheItem, ...], tuple[CacheItem, ...]]:
    """Remove items from a cache; return those that are gone, and those in use.

    Each is moved aside first: what is under its name is whole.

    Raises:
        UsageError: the cache cannot be written.
    """
    gone: list[CacheItem] = []
    in_use: list[CacheItem] = []
    with writing(cache, CACHE):
        for one in items:
            (gone if _remove(one, cache) else in_use).append(one)
    return tuple(gone), tuple(in_use)


def _remove(item: CacheItem, cache: Path) -> bool:
    """Remove an item unless somebody fetches or unpacks it now; say whether."""
    lock = _lock_of(item, cache)
    if lock is not None:
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
    try:
        with folder_in(cache, "cleared") as aside:
            item.path.rename(aside / item.path.name)
            shutil.rmtree(aside / item.path.name)
        item.path.with_name(f"{item.path.name}.json").unlink(missing_ok=True)
    finally:
        if lock is not None:
            lock.release()
    return True


def _lock_of(item: CacheItem, cache: Path) -> FileLock | None:
    if item.path.parent == cache / cache_entry.LAYOUT:
        return FileLock(item.path / ".lock")
    if item.path.parent == cache / unpack.LAYOUT:
        return FileLock(item.path.parent / f".{item.path.name}.lock")
    return None


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    except OSError:
        return []


def _item(kind: str, path: Path, cache: Path) -> CacheItem:
    files = [one.lstat() for one in (path, *path.rglob("*")) if not one.is_dir()]
    changed_s = max((one.st_mtime for one in files), default=path.lstat().st_mtime)
    return CacheItem(
        kind=kind,
        name=path.relative_to(cache).as_posix(),
        path=path,
        size_bytes=sum(one.st_size for one in files),
        changed_s=changed_s,
    )
