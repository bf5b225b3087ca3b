"""Fetches the archives of rows, and pins their size and digest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.artifact.fetch import FetchedArchive, fetch_archive
from harness.artifact.transfer import Progress
from harness.errors import HarnessError, UsageError
from harness.pipeline.measure.ready_folders import sweep_cache
from harness.pipeline.measure.settings import Settings
from harness.registry.location import demand_checkout
from harness.registry.lock import read_lock, write_lock
from harness.registry.sources import find_sources
from harness.values.pins import Pin
from harness.values.recipes import RecipeBook
from harness.values.rows import Archive, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One archive, and either where it is or why it could not be had."""

    archive: Archive
    got: FetchedArchive | None
    refusal: HarnessError | None


def archives_of(zoo: Zoo, names: Sequence[str]) -> tuple[Archive, ...]:
    """Return the archives of rows or archives by name; all of them for no name.

    Raises:
        UsageError: a name is neither a row's nor an archive's.
    """
    by_row = {row.row_id: row.archive for row in zoo.rows}
    wanted = dict.fromkeys(by_row.values())  # printed order, once each
    if names:
        for name in names:
            if name not in by_row and name not in zoo.archives:
                raise UsageError(
                    f"{name!r} is neither a row nor an archive of {zoo.name}",
                    next_step="`zoo list` shows both",
                )
        wanted = dict.fromkeys(by_row.get(name, name) for name in names)
    return tuple(zoo.archives[name] for name in wanted)


def starts_of(book: RecipeBook, names: Sequence[str]) -> tuple[Archive, ...]:
    """Return what trainings by recipes start from, teachers too; each archive once.

    What is made by a recipe alone is nowhere to be fetched.

    Args:
        book: of the zoo.
        names: of its recipes; all of them for no name.

    Raises:
        UsageError: a name is no recipe's.
    """
    own = {one.recipe_id.name: one for one in book.own}
    for name in names:
        if name not in own:
            raise UsageError(
                f"{name!r} is no recipe of {book.zoo}",
                expected="the name of a recipe: that of its archive",
                got="none of them",
                next_step="leave the names out to fetch what all recipes start from",
            )
    recipes = [own[name] for name in names] or list(own.values())
    archives = (one for recipe in recipes for one in book.archives_of(recipe))
    return tuple(dict.fromkeys(archives))


def pinned_here(book: RecipeBook) -> frozenset[Archive]:
    """Return what the recipes of a zoo start from and its own lock pins."""
    return frozenset(
        origin.archive
        for recipe in book.own
        for origin in book.origins_of(recipe)
        if origin.archive is not None and origin.zoo == book.zoo
    )


def fetch_archives(
    archives: Sequence[Archive],
    settings: Settings,
    *,
    fetching: Callable[[str], Progress | None] = lambda name: None,
) -> tuple[Fetched, ...]:
    """Fetch each archive; what one refuses does not stop the others.

    Raises:
        UsageError: the cache cannot be written, or the mirror is none; no archive
            could be had.
    """
    sweep_cache(settings.cache)
    fetched = []
    for archive in archives:
        try:
            got = fetch_archive(
                archive,
                cache=settings.cache,
                mirror=settings.mirror,
                offline=settings.offline,
                progress=fetching(archive.name),
            )
        except UsageError:
            raise
        except HarnessError as refusal:
            fetched.append(Fetched(archive=archive, got=None, refusal=refusal))
        else:
            fetched.append(Fetched(archive=archive, got=got, refusal=None))
    return tuple(fetched)


def pin_archives(zoo: Zoo, home: Path, fetched: Sequence[Fetched]) -> Path:
    """Record size and SHA-256 of what was fetched in the zoo's lock; return its path.

    A pin that is there already is kept: bytes that differ from it were never fetched.

    Raises:
        UsageError: the lock is that of an installed package.
    """
    if _is_named(zoo, home):
        demand_checkout(home, "pins of archives")
    sources = find_sources(
        zoo.name if _is_named(zoo, home) else str(zoo.root), home=home
    )
    pins = dict(read_lock(sources.lock, sources.lock_section))
    for one in fetched:
        if one.got is not None and one.archive.name not in pins:
            pins[one.archive.name] = Pin(
                url=one.got.source,
                size_bytes=one.got.size_bytes,
                sha256=one.got.sha256,
            )
    write_lock(sources.lock, sources.lock_section, pins)
    return sources.lock


def _is_named(zoo: Zoo, home: Path) -> bool:
    return zoo.root.is_relative_to(home)
