"""``zoo import``: a published document becomes rows and claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.commands.options import AsJson
from harness.commands.printing import out, print_json


def import_document(
    document: Annotated[Path, typer.Argument(help="A published markdown document.")],
    zoo: Annotated[
        str,
        typer.Option(
            "--zoo", help="Name of the edition; the stem of the file when not given."
        ),
    ] = "",
    output: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder to write cases/rows and expected into."
        ),
    ] = Path(),
    source: Annotated[
        str,
        typer.Option(metavar="URL", help="Where the document was published; needed."),
    ] = "",
    edition: Annotated[
        str, typer.Option(help="Commit or version of the document.")
    ] = "",
    date: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="Day of that version.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Replace files whose content differs.")
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
