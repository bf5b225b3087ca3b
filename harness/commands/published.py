"""What was published: listed, linted, imported."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
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
from harness.commands.printing import out, print_json, print_table
from harness.printable import counted
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo


def list_rows(zoo: ZooName = DEFAULT_ZOO, as_json: AsJson = False) -> None:
    """List the rows of a zoo with what was published of them."""
    found = open_zoo(zoo)
    rows = [
        {
            "row": row.row_id,
            "markers": sorted(row.markers),
            "printed": {one.metric: one.printed for one in found.claims[row.row_id]},
            "archive": row.archive,
            "url": found.archives[row.archive].url,
            "errata": [one.erratum_id for one in found.errata_of(row.row_id)],
        }
        for row in found.rows
    ]
    if as_json:
        print_json({"zoo": found.name, "rows": rows})
        return
    print_table(
        ("row", "published", "archive", "errata"),
        [
            (
                str(row.row_id),
                " / ".join(one.printed for one in found.ap_claims(row.row_id)),
                row.archive,
                " ".join(one.erratum_id for one in found.errata_of(row.row_id)),
            )
            for row in found.rows
        ],
    )
    numbers = sum(len(found.ap_claims(row.row_id)) for row in found.rows)
    out.print(
        f"{found.name}: {counted(len(found.rows), 'row')}, "
        f"{counted(numbers, 'number')}, {counted(len(found.archives), 'archive')}"
    )


def check(
    zoo: ZooName = DEFAULT_ZOO,
    links: Annotated[
        bool,
        typer.Option("--links", help="Ask each address too; nothing is downloaded."),
    ] = False,
    mirror: Mirror = None,
    as_json: AsJson = False,
) -> None:
    """Lint a zoo: rows, claims, errata, tolerance, and their joins both ways."""
    from harness.registry.lint.zoo_lint import lint_zoo

    problems = lint_zoo(zoo, find_home())
    told: dict[str, Any] = {"zoo": zoo, "problems": list(problems)}
    if not as_json:
        for problem in problems:
            out.print(problem)
        found = counted(len(problems), "problem") if problems else "no problems"
        out.print(f"{zoo}: {found}")
    lost = 0
    if links and not problems:
        archives = _told_links(zoo, mirror, as_json=as_json)
        lost = sum(not one["served"] for one in archives)
        told["archives"] = archives
        if not as_json:
            count = counted(len(archives), "archive")
            out.print(f"{zoo}: {count}, {lost or 'none'} not served as pinned")
    if as_json:
        print_json(told)
    if problems or lost:
        raise typer.Exit(EXIT_FAILED)


def _told_links(zoo: str, mirror: str | None, *, as_json: bool) -> list[dict[str, Any]]:
    """Ask every address of a zoo; a line each as the answers come, and all as data."""
    from harness.pipeline.archives.link_check import check_links
    from harness.pipeline.measure.embedded import serving
    from harness.pipeline.measure.settings import Settings

    found = open_zoo(zoo)
    settings = Settings(
        cache=DEFAULT_CACHE, records=DEFAULT_RECORDS, data_root=None, mirror=mirror
    )
    told = []
    with serving(found, settings) as ready:
        for one in check_links(found, mirror=ready.mirror):
            name, pinned = one.archive.name, one.archive.size_bytes
            told.append(
                {
                    "archive": name,
                    "size_bytes": pinned,
                    "served": one.is_served,
                    "links": [asdict(link) for link in one.links],
                }
            )
            for link in () if as_json else one.links:
                size = "size not told" if link.size_bytes is None else link.size_bytes
                what = link.reason if link.state == "dead" else size
                more = f" -> {link.leads_to}" if link.leads_to else ""
                other = f" OTHER SIZE, pinned {pinned}" * (link in one.other_sizes)
                out.print(f"{name}: {link.state}: {link.address}{more}: {what}{other}")
    return told


def import_file(
    document: Annotated[Path, typer.Argument(help="A published markdown document.")],
    zoo: Annotated[
        str, typer.Option("--zoo", help="Name of the edition; the file's when empty.")
    ] = "",
    output: Annotated[
        Path, typer.Option(help="Home folder to write cases/rows and expected into.")
    ] = Path(),
    source: Annotated[str, typer.Option(help="Where it was published; needed.")] = "",
    edition: Annotated[str, typer.Option(help="Its commit or version.")] = "",
    date: Annotated[str, typer.Option(help="Its date, YYYY-MM-DD.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that say something else.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read a published document into rows and claims."""
    from harness.pipeline.pages.imported_document import import_document_file

    written = import_document_file(
        document,
        zoo=zoo or document.stem,
        home=output,
        source=source,
        version=edition,
        date=date,
        force=force,
    )
    if as_json:
        print_json(
            {"zoo": zoo or document.stem, "written": [str(one) for one in written]}
        )
    else:
        for path in written:
            out.print(str(path))
