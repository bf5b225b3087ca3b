"""A table with its archives and rows in, the text of its TOML file out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tomli_w

from harness.values.rows import Archive, Row, Table


def table_text(table: Table, archives: Sequence[Archive], rows: Sequence[Row]) -> str:
    """Return the TOML of one table file; :mod:`table_reading` reads it back.

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
