"""A document's file in, a zoo's files in a home folder out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from harness.atomic import write_text
from harness.errors import UsageError, located
from harness.registry.document_import import import_document


def import_document_file(
    path: Path, *, zoo: str, home: Path, source: str, version: str, date: str
) -> tuple[Path, ...]:
    """Read a published document and write its rows and claims; return their paths.

    Nothing is written unless all of it was understood.

    Raises:
        UsageError: no such file, or a date that is none.
        ZooDataError: something in the document is not understood; names the line.
    """
    try:
        markdown = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: not a text file to read",
            got=str(error),
            next_step="give the path of a document in UTF-8",
        ) from error
    try:
        day = dt.date.fromisoformat(date) if date else None
    except ValueError as error:
        raise UsageError(
            "--date", expected="YYYY-MM-DD", got=date, next_step="give such a day"
        ) from error
    with located(path.name):
        files = import_document(
            markdown, zoo=zoo, source=source, version=version, date=day
        )
    for name, text in files.items():
        write_text(home / name, text)
    return tuple(home / name for name in files)
