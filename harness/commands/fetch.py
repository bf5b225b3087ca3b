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
            metavar="[IDS]", help="Row ids or archives; all when none is given."
        ),
    ] = None,
    zoo: ZooName = DEFAULT_ZOO,
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
    )
    from harness.pipeline.measure.embedded import serving
    from harness.pipeline.measure.progress_lines import ProgressLines
    from harness.pipeline.measure.settings import Settings

    opened = open_zoo(zoo)
    archives = archives_of(opened, names or [])
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
        pin_archives(opened, find_home(), fetched)
    told = [
        {
            "archive": one.archive.name,
            "path": str(one.got.path) if one.got else None,
            "source": one.got.source if one.got else None,
            "sha256": one.got.sha256 if one.got else None,
            "size_bytes": one.got.size_bytes if one.got else None,
            "refusal": str(one.refusal) if one.refusal else None,
        }
        for one in fetched
    ]
    if as_json:
        print_json({"zoo": opened.name, "archives": told})
    else:
        for one in fetched:
            if one.got:
                out.print(f"{one.archive.name}: {one.got.sha256} {one.got.path}")
            else:
                err.print(f"{one.archive.name}: {one.refusal}")
    refusals = [one.refusal for one in fetched if one.refusal]
    if any(not isinstance(one, ArchiveUnavailable) for one in refusals):
        raise typer.Exit(EXIT_FAILED)
    if refusals:
        raise typer.Exit(EXIT_INCOMPLETE)
