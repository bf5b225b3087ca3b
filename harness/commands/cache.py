"""``zoo cache``: lists what was fetched and detected, and removes it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from harness.commands.exits import EXIT_INCOMPLETE
from harness.commands.options import DEFAULT_CACHE, AsJson, CacheFolder
from harness.commands.printing import err, out, print_json, print_table
from harness.printable import counted

if TYPE_CHECKING:  # what knows the layouts is loaded when it is asked
    from harness.pipeline.archives.cache_contents import CacheItem


def list_cache(cache: CacheFolder = DEFAULT_CACHE, as_json: AsJson = False) -> None:
    """List what lies in the cache, the largest first."""
    from harness.pipeline.archives.cache_contents import cache_items

    items, now_s = cache_items(cache.absolute()), time.time()
    if as_json:
        print_json({"cache": str(cache), "items": _told(items, now_s)})
        return
    if items:
        _print_items(items, now_s)
    out.print(f"{cache}: {_sum_of(items)}")


def clear_cache(
    archives: Annotated[
        bool, typer.Option("--archives", help="Remove archives, packed and unpacked.")
    ] = False,
    detections: Annotated[
        bool, typer.Option("--detections", help="Remove stored detections.")
    ] = False,
    older_than: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(
            metavar="DAYS", min=0, help="Only what has not changed for so many days."
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Tell what would be removed; remove nothing."),
    ] = False,
    cache: CacheFolder = DEFAULT_CACHE,
    as_json: AsJson = False,
) -> None:
    """Remove archives or detections; a later run fetches or computes them again."""
    from harness.pipeline.archives.cache_contents import (
        ARCHIVES,
        DETECTIONS,
        cache_items,
        chosen_items,
        clear_items,
    )

    folder, now_s = cache.absolute(), time.time()
    chosen = chosen_items(
        cache_items(folder),
        kinds=[ARCHIVES] * archives + [DETECTIONS] * detections,
        older_than_days=older_than,
        now_s=now_s,
    )
    gone, in_use = (chosen, ()) if dry_run else clear_items(chosen, folder)
    if as_json:
        print_json(
            {
                "cache": str(cache),
                "dry_run": dry_run,
                "cleared": _told(gone, now_s),
                "in_use": _told(in_use, now_s),
            }
        )
    else:
        if gone:
            _print_items(gone, now_s)
        for one in in_use:
            err.print(f"{one.name}: in use, so it stays")
        out.print(f"{'would go' if dry_run else 'cleared'}: {_sum_of(gone)}")
    if in_use:
        raise typer.Exit(EXIT_INCOMPLETE)


def _told(items: Sequence[CacheItem], now_s: float) -> list[dict[str, Any]]:
    return [
        {
            "kind": item.kind,
            "name": item.name,
            "size_bytes": item.size_bytes,
            "age_days": round(_age_days(item, now_s), 3),
        }
        for item in items
    ]


def _print_items(items: Sequence[CacheItem], now_s: float) -> None:
    print_table(
        ("name", "kind", "MB", "days old"),
        [
            (
                item.name,
                item.kind,
                f"{item.size_bytes / 1e6:.1f}",
                f"{_age_days(item, now_s):.0f}",
            )
            for item in items
        ],
    )


def _age_days(item: CacheItem, now_s: float) -> float:
    from harness.pipeline.archives.cache_contents import DAY_S

    return max(0.0, now_s - item.changed_s) / DAY_S


def _sum_of(items: Sequence[CacheItem]) -> str:
    size_bytes = sum(one.size_bytes for one in items)
    return f"{counted(len(items), 'item')}, {size_bytes / 1e6:.1f} MB"
