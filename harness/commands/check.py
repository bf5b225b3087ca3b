"""``zoo check``: everything that is wrong with a zoo's files, and its links."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from harness.commands.exits import EXIT_FAILED
from harness.commands.options import (
    DEFAULT_CACHE,
    DEFAULT_RECORDS,
    DEFAULT_ZOO,
    AsJson,
    Mirror,
    ZooName,
)
from harness.commands.printing import out, print_json
from harness.printable import counted
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo


def check(
    zoo: ZooName = DEFAULT_ZOO,
    links: Annotated[
        bool,
        typer.Option(
            "--links", help="Ask each address of an archive too; nothing is downloaded."
        ),
    ] = False,
    mirror: Mirror = None,
    as_json: AsJson = False,
) -> None:
    """Check the files of a zoo: rows, claims, errata, tolerance, and how they join."""
    from harness.registry.lint.zoo import lint_zoo

    problems = lint_zoo(zoo, find_home())
    answer: dict[str, Any] = {"zoo": zoo, "problems": list(problems)}
    if not as_json:
        for problem in problems:
            out.print(problem)
        tally = counted(len(problems), "problem") if problems else "no problems"
        out.print(f"{zoo}: {tally}")
    lost = 0
    if links and not problems:
        archives = _told_links(zoo, mirror, as_json=as_json)
        lost = sum(not one["served"] for one in archives)
        answer["archives"] = archives
        if not as_json:
            count = counted(len(archives), "archive")
            out.print(f"{zoo}: {count}, {lost or 'none'} not served as pinned")
    if as_json:
        print_json(answer)
    if problems or lost:
        raise typer.Exit(EXIT_FAILED)


def _told_links(zoo: str, mirror: str | None, *, as_json: bool) -> list[dict[str, Any]]:
    """Ask every address of a zoo and return the answers; print each as it comes."""
    from harness.pipeline.archives.link_check import check_links
    from harness.pipeline.measure.embedded import serving
    from harness.pipeline.measure.settings import Settings

    opened = open_zoo(zoo)
    settings = Settings(
        cache=DEFAULT_CACHE, records=DEFAULT_RECORDS, data_root=None, mirror=mirror
    )
    archives = []
    with serving(opened, settings) as ready:
        for checked in check_links(opened, mirror=ready.mirror):
            name, pinned = checked.archive.name, checked.archive.size_bytes
            archives.append(
                {
                    "archive": name,
                    "size_bytes": pinned,
                    "served": checked.is_served,
                    "links": [asdict(link) for link in checked.links],
                }
            )
            for link in () if as_json else checked.links:
                size = "size not told" if link.size_bytes is None else link.size_bytes
                what = link.reason if link.state == "dead" else size
                more = f" -> {link.leads_to}" if link.leads_to else ""
                other = f" OTHER SIZE, pinned {pinned}" * (link in checked.other_sizes)
                out.print(f"{name}: {link.state}: {link.address}{more}: {what}{other}")
    return archives
