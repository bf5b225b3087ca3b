"""``zoo fetch``: the archives of a zoo, checked and pinned."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from harness.commands.exits import EXIT_FAILED, EXIT_INCOMPLETE
from harness.commands.options import (
    DEFAULT_CACHE,
    DEFAULT_RECORDS,
    DEFAULT_ZOO,
    AsJson,
    CacheFolder,
    Mirror,
    Offline,
    ZooName,
)
from harness.commands.printing import err, out, print_json
from harness.errors import ArchiveUnavailable
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo


def fetch(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(
            metavar="[IDS]",
            help="Row ids or archives, or recipes with --starts; all when none is "
            "given.",
        ),
    ] = None,
    zoo: ZooName = DEFAULT_ZOO,
    starts: Annotated[
        bool,
        typer.Option(
            "--starts", help="What trainings by recipes start from, teachers too."
        ),
    ] = False,
    pin: Annotated[
        bool,
        typer.Option(help="Record size and SHA-256, so that other bytes are refused."),
    ] = False,
    cache: CacheFolder = DEFAULT_CACHE,
    mirror: Mirror = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Fetch archives into the cache, checked against what is pinned."""
    from harness.pipeline.archives.fetched_archives import (
        archives_of,
        fetch_archives,
        pin_archives,
        pinned_here,
        starts_of,
    )
    from harness.pipeline.measure.embedded import serving
    from harness.pipeline.measure.progress_lines import ProgressLines
    from harness.pipeline.measure.settings import Settings

    opened = open_zoo(zoo)
    home = find_home()
    if starts:
        from harness.registry.recipes import open_recipes

        book = open_recipes(zoo, home=home)
        archives, own = starts_of(book, names or []), pinned_here(book)
    else:
        archives = archives_of(opened, names or [])
        own = frozenset(archives)
    settings = Settings(
        cache=cache.absolute(),
        records=DEFAULT_RECORDS,
        data_root=None,
        mirror=mirror,
        offline=offline,
    )
    with serving(opened, settings) as settings:
        fetched = fetch_archives(
            archives, settings, fetching=ProgressLines(err.print).fetching
        )
    if pin:
        # What a recipe takes from another zoo is pinned in that one's lock.
        pin_archives(opened, home, [one for one in fetched if one.archive in own])
    answer = [
        {
            "archive": download.archive.name,
            "path": str(download.got.path) if download.got else None,
            "source": download.got.source if download.got else None,
            "sha256": download.got.sha256 if download.got else None,
            "size_bytes": download.got.size_bytes if download.got else None,
            "refusal": str(download.refusal) if download.refusal else None,
        }
        for download in fetched
    ]
    if as_json:
        print_json({"zoo": opened.name, "archives": answer})
    else:
        for download in fetched:
            name, got = download.archive.name, download.got
            if got:
                out.print(f"{name}: {got.sha256} {got.path}")
            else:
                err.print(f"{name}: {download.refusal}")
    refusals = [download.refusal for download in fetched if download.refusal]
    if any(not isinstance(refusal, ArchiveUnavailable) for refusal in refusals):
        raise typer.Exit(EXIT_FAILED)
    if refusals:
        raise typer.Exit(EXIT_INCOMPLETE)
