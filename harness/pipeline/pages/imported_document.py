"""Imports a published document: its file in, the files of a zoo out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from harness.errors import UsageError, located
from harness.files.atomic import write_text
from harness.registry.importing.zoo_files import import_document


def import_document_file(
    path: Path,
    *,
    zoo: str,
    home: Path,
    source: str,
    version: str,
    date: str,
    force: bool = False,
) -> tuple[Path, ...]:
    """Read a published document and write its rows and claims; return their paths.

    Nothing is written unless all of it was understood, and no file that says something
    else is lost: it may have been edited since.

    Args:
        path: the document.
        zoo: name of the edition.
        home: the folder to write ``cases/rows`` and ``expected`` into.
        source: where the document was published: without it nobody can look it up.
        version: its commit.
        date: when that was, ``YYYY-MM-DD``; may be empty.
        force: replace files that say something else.

    Raises:
        UsageError: no such file, no source, a date that is none, or a file would be
            replaced.
        ZooDataError: something in the document is not understood; names the line.
    """
    if not source.strip():
        raise UsageError(
            "--source",
            expected="where the document was published",
            got="nothing",
            next_step="give its address: --source URL",
        )
    try:
        markdown = path.read_text(encoding="utf-8-sig")
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
    if not force:
        _demand_unedited(home, files)
    for name, text in files.items():
        write_text(home / name, text)
    return tuple(home / name for name in files)


def _demand_unedited(home: Path, files: Mapping[str, str]) -> None:
    edited = [
        name
        for name, text in files.items()
        if (home / name).exists() and not _says(home / name, text)
    ]
    if edited:
        raise UsageError(
            f"{len(edited)} of {len(files)} files in {home} say something else",
            expected="files as this document gives them, or none",
            got=", ".join(edited),
            next_step="give another --output, or --force to replace them",
        )


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode("utf-8")
