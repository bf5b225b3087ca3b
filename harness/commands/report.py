"""``zoo report``: the pages of a zoo, written or compared with those there."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from harness.commands.exits import EXIT_FAILED
from harness.commands.options import DEFAULT_ZOO, AsJson, Records, ZooName
from harness.commands.printing import out, print_json
from harness.registry.location import accepted_records, find_home, pages_folder
from harness.registry.zoo import open_zoo


class ValuesShown(StrEnum):
    """What the AP cells of a page hold."""

    MEASURED = "measured"
    PUBLISHED = "published"


def report(
    zoo: ZooName = DEFAULT_ZOO,
    records: Records = None,
    values: Annotated[
        ValuesShown, typer.Option(help="What the AP cells hold.")
    ] = ValuesShown.MEASURED,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="DIR", help="Folder of the pages; reports/<zoo> when not given."
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Write nothing: fail where a page is not what would be written.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the zoo's pages from records, or prove that they are current."""
    from harness.files.record_files import read_records
    from harness.pipeline.gate.records_folder import demand_records, folder_of_zoo
    from harness.pipeline.pages import document
    from harness.report.pages import Values
    from harness.report.summary import summarise, summary_json, summary_text

    opened, home = open_zoo(zoo), find_home()
    folder = accepted_records(home, opened.name)
    if records is not None:
        folder = demand_records(folder_of_zoo(records, opened.name))
    pages = output or pages_folder(home, opened.name)
    shown = Values(values)
    if check:
        difference = document.check_pages(opened, folder, pages, shown)
        if as_json:
            print_json({"zoo": opened.name, "current": not difference})
        else:
            out.print(difference or f"{pages}: current")
        if difference:
            raise typer.Exit(EXIT_FAILED)
        return
    written = document.write_pages(opened, folder, pages, shown)
    row_ids = [row.row_id for row in opened.rows]
    made = read_records(folder)
    if as_json:
        out.print(summary_json(opened, made, row_ids), end="")
        return
    out.print(summary_text(summarise(opened, made, row_ids)))
    for path in written:
        out.print(f"page: {path}")
