"""What was published: listed, linted, imported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.commands.exits import EXIT_FAILED
from harness.commands.options import DEFAULT_ZOO, AsJson, ZooName
from harness.commands.printing import out, print_json, print_table
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
        f"{found.name}: {len(found.rows)} rows, {numbers} numbers, "
        f"{len(found.archives)} archives"
    )


def check(zoo: ZooName = DEFAULT_ZOO, as_json: AsJson = False) -> None:
    """Lint a zoo: rows, claims, errata, tolerance, and their joins both ways."""
    from harness.registry.lint import lint_zoo

    problems = lint_zoo(zoo, find_home())
    if as_json:
        print_json({"zoo": zoo, "problems": list(problems)})
    else:
        for problem in problems:
            out.print(problem)
        out.print(f"{zoo}: {len(problems) or 'no'} problems")
    if problems:
        raise typer.Exit(EXIT_FAILED)


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
    from harness.pipeline.imported_document import import_document_file

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
