"""A published markdown document in, the zoo's files as texts out."""

from __future__ import annotations

import datetime as dt
import re

import tomli_w

from harness.errors import ZooDataError, located
from harness.registry.claims import claims_text
from harness.registry.importing.document import parse_document
from harness.registry.importing.table_import import (
    ImportedTable,
    import_table,
    same_row_twice,
    two_archives_of_one_name,
)
from harness.registry.importing.table_writing import table_text
from harness.registry.location import EXPECTED_FOLDER, ROWS_FOLDER
from harness.values.rows import Archive, Claim

_ZOO_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


def import_document(
    markdown: str,
    *,
    zoo: str,
    source: str = "",
    version: str = "",
    date: dt.date | None = None,
) -> dict[str, str]:
    """Return the files of a zoo as texts, keyed by their path below the home folder.

    One TOML file per table, ``zoo.toml``, and the CSV of claims. Errata, moves,
    tolerance and the archive lock are not printed in a document: they are files of
    their own, so importing again never undoes them.

    Args:
        markdown: the document; each table stands under ``## chapter`` and
            ``### <architecture> on <dataset>``.
        zoo: name of the edition; names the folder and the CSV.
        source: where the document was published.
        version: its commit.
        date: when that was.

    Raises:
        ZooDataError: a table, heading, word, number or link that is not understood; the
            message names the line.
    """
    if _ZOO_NAME.fullmatch(zoo) is None:
        raise ZooDataError(
            "name of the zoo",
            expected="lower-case letters, digits, '-', '_' and '.'",
            got=repr(zoo),
        )
    document = parse_document(markdown)
    title = document.title or zoo
    rows = (ROWS_FOLDER / zoo).as_posix()
    files = {f"{rows}/zoo.toml": _zoo_text(title, source, version, date)}
    declared: dict[str, Archive] = {}
    lines: dict[str, int] = {}
    claims: list[Claim] = []
    for order, printed in enumerate(document.tables, start=1):
        imported = import_table(printed, zoo=zoo, order=order)
        with located(f"line {printed.line}"):
            path = f"{rows}/{imported.table.key}.toml"
            if path in files:
                raise ZooDataError(
                    "two tables of one kind",
                    expected="one table per kind of compression and dataset",
                    got=f"{imported.table.key} again",
                )
            first_named = _declare(imported, declared)
        _check_rows_are_new(imported, lines)
        files[path] = table_text(imported.table, first_named, imported.rows)
        claims += imported.claims
    files[(EXPECTED_FOLDER / f"{zoo}.csv").as_posix()] = claims_text(
        claims,
        what=f"the numbers printed in {title}",
        source=source,
        version=version,
        date=date,
    )
    return files


def _zoo_text(title: str, source: str, version: str, date: dt.date | None) -> str:
    said = {"title": title, "source": source, "version": version, "date": date}
    return tomli_w.dumps({key: value for key, value in said.items() if value})


def _declare(
    imported: ImportedTable, declared: dict[str, Archive]
) -> tuple[Archive, ...]:
    """Return the archives that no earlier table has declared, and note them."""
    for one in imported.archives:
        if declared.get(one.name, one) != one:
            raise two_archives_of_one_name(declared[one.name], one)
    first_named = tuple(one for one in imported.archives if one.name not in declared)
    declared.update((one.name, one) for one in first_named)
    return first_named


def _check_rows_are_new(imported: ImportedTable, lines: dict[str, int]) -> None:
    for row_id, line in imported.lines.items():
        if row_id in lines:
            with located(f"line {line}"):
                raise same_row_twice(row_id, lines[row_id])
        lines[row_id] = line
