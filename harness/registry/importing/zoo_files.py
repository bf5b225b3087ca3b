"""A published markdown document in, the zoo's files as texts out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

import tomli_w

from harness.errors import ZooDataError, located
from harness.registry.claims import claims_text
from harness.registry.importing.document import parse_document
from harness.registry.importing.imported_table import (
    ImportedTable,
    import_table,
    same_row_twice,
    two_archives_of_one_name,
)
from harness.registry.location import EXPECTED_FOLDER, ROWS_FOLDER
from harness.values.rows import Archive, Claim, Row, Table

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

    They are ``zoo.toml``, one TOML file per table, and the CSV of claims. Errata,
    moves, tolerance and the archive lock are in no document. They have files of their
    own, so importing again never undoes them.

    Args:
        markdown: the document; each table stands under ``## chapter`` and
            ``### <architecture> on <dataset>``.
        zoo: name of the edition; names the folder and the CSV.
        source: where the document was published.
        version: its commit.
        date: when that was.

    Raises:
        ZooDataError: a table, heading, word, number or link cannot be understood; the
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


def table_text(table: Table, archives: Sequence[Archive], rows: Sequence[Row]) -> str:
    """Return the TOML of one table file, which ``table_file`` reads back.

    ``archives`` are those this file declares: an archive is declared once in a zoo.
    Moves and digests are not written: ``moves.toml`` and the archive lock hold them.
    """
    described: dict[str, object] = {
        "order": table.order,
        "chapter": table.chapter,
        "heading": table.heading,
        "dataset": table.dataset,
        "columns": list(table.columns),
        "align": list(table.align),
        "link_column": table.link_column,
        "metric_columns": dict(table.metric_columns),
    }
    if table.translations:
        described["translations"] = dict(table.translations)
    blocks = [
        tomli_w.dumps({"table": described}),
        *(
            _block("[[archive]]", {"name": one.name, "url": one.url})
            for one in archives
        ),
    ]
    for row in rows:
        blocks.append(_block("[[row]]", _row_fields(row)))
        blocks.append(_block("[row.cells]", row.cells))
    return "\n".join(blocks)


def _zoo_text(title: str, source: str, version: str, date: dt.date | None) -> str:
    fields = {"title": title, "source": source, "version": version, "date": date}
    return tomli_w.dumps({key: value for key, value in fields.items() if value})


def _declare(
    imported: ImportedTable, declared: dict[str, Archive]
) -> tuple[Archive, ...]:
    """Return the archives that no earlier table declared, and add them to these."""
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


def _block(head: str, fields: Mapping[str, object]) -> str:
    """Return one block; tomli_w alone folds short blocks into one line."""
    return f"{head}\n{tomli_w.dumps(fields)}"


def _row_fields(row: Row) -> dict[str, object]:
    fields: dict[str, object] = {
        "id": row.row_id,
        "architecture": row.architecture,
        "backbone": row.backbone,
        "dataset": row.dataset,
        "strategy": row.strategy,
        "input_px": row.input_px,
        "archive": row.archive,
        "num_classes": row.num_classes,
    }
    if row.width != 1.0:
        fields["width"] = row.width
    if row.scales != "multi":
        fields["scales"] = row.scales
    return fields
