"""Reads one TOML table file: a printed table, its archives and its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.printable import printable
from harness.registry.block import Block, read_toml
from harness.registry.problems import noting
from harness.values.rows import (
    METRICS_OF_DATASET,
    STRUCTURE_METRICS,
    Archive,
    Row,
    Table,
)

#: Of a name that a message uses as a place; the longest id of a row has 64.
LONGEST_NAME_CHARS = 100
ALIGNMENTS = ("left", "center", "right")
#: How a row may say that faces are looked for; the first where it says nothing.
SCALES = ("multi", "single")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """What one file of ``cases/rows/<zoo>/`` declares."""

    table: Table
    archives: tuple[Archive, ...]
    rows: tuple[Row, ...]
    lost: frozenset[str] = frozenset()  # rows and archives of malformed blocks


def read_table(path: Path, zoo: str, problems: list[ZooDataError]) -> TableFile | None:
    """Return what a table file declares; what is wrong with it goes to ``problems``.

    A malformed block is noted and left out; None when the table itself is malformed.
    """
    with noting(problems):
        document = Block(read_toml(path))
        with located(path.name):
            described = document.table("table")
            archives = document.tables("archive")
            rows = document.tables("row")
            document.finish()
            with located("table"):
                table = _parse_table(path.stem, described)
        read_rows = _parse_rows(path, zoo, table, rows, problems)
        read_archives = _parse_archives(path, archives, problems)
        ids = {row.row_id for row in read_rows}
        used = {row.archive for row in read_rows}
        lost = _names(rows, "id") - ids
        lost |= _names([one for one in rows if one.get("id") in lost], "archive") - used
        lost |= _names(archives, "name") - {one.name for one in read_archives}
        return TableFile(
            table=replace(table, row_ids=tuple(row.row_id for row in read_rows)),
            archives=read_archives,
            rows=read_rows,
            lost=lost,
        )
    return None


def _parse_rows(
    path: Path,
    zoo: str,
    table: Table,
    blocks: list[Mapping[str, object]],
    problems: list[ZooDataError],
) -> tuple[Row, ...]:
    rows: list[Row] = []
    for number, values in enumerate(blocks, start=1):
        place = f"row {number} ({_called(values, 'id')})"
        with noting(problems), located(path.name), located(place):
            rows.append(_parse_row(values, zoo, table))
    return tuple(rows)


def _parse_archives(
    path: Path, blocks: list[Mapping[str, object]], problems: list[ZooDataError]
) -> tuple[Archive, ...]:
    archives: list[Archive] = []
    for number, values in enumerate(blocks, start=1):
        place = f"archive {number} ({_called(values, 'name')})"
        with noting(problems), located(path.name), located(place):
            archives.append(_parse_archive(values))
    return tuple(archives)


def _names(blocks: list[Mapping[str, object]], key: str) -> frozenset[str]:
    """Return the texts under a key of blocks that may be malformed."""
    values = (block.get(key) for block in blocks)
    return frozenset(one for one in values if isinstance(one, str) and one)


def _called(values: Mapping[str, object], key: str) -> str:
    return printable(values.get(key) or f"no {key}", longest_chars=LONGEST_NAME_CHARS)


def _parse_table(key: str, values: Mapping[str, object]) -> Table:
    block = Block(values)
    table = Table(
        key=key,
        order=block.whole("order", at_least=1),
        chapter=block.text("chapter"),
        heading=block.text("heading"),
        dataset=block.choice("dataset", tuple(METRICS_OF_DATASET)),
        columns=block.texts("columns"),
        align=block.texts("align"),
        translations=block.text_map("translations"),
        metric_columns=block.text_map("metric_columns"),
        link_column=block.text("link_column", ""),
    )
    block.finish()
    _check_columns(table)
    return table


def _check_columns(table: Table) -> None:
    if len(table.align) != len(table.columns) or not set(table.align) <= set(
        ALIGNMENTS
    ):
        raise ZooDataError(
            "field align",
            expected=f"{len(table.columns)} of {', '.join(ALIGNMENTS)}",
            got=", ".join(table.align),
        )
    metrics = METRICS_OF_DATASET[table.dataset]
    aps = set(table.metric_columns.values()) - set(STRUCTURE_METRICS)
    count = len(set(table.metric_columns.values()))
    if aps != set(metrics) or len(table.metric_columns) != count:
        raise ZooDataError(
            "field metric_columns",
            expected=f"a column for each of {', '.join(metrics)}",
            got=repr(dict(table.metric_columns)),
        )
    named = {*table.metric_columns, *filter(None, [table.link_column])}
    if not named <= set(table.columns):
        raise ZooDataError(
            "field metric_columns or link_column",
            expected="titles out of " + ", ".join(table.columns),
            got=", ".join(sorted(named - set(table.columns))),
        )


def _parse_archive(values: Mapping[str, object]) -> Archive:
    block = Block(values)
    archive = Archive(name=block.text("name"), url=block.text("url"))
    block.finish()
    return archive


def _parse_row(values: Mapping[str, object], zoo: str, table: Table) -> Row:
    block = Block(values)
    row = Row(
        row_id=block.text("id"),
        zoo=zoo,
        table=table.key,
        architecture=block.text("architecture"),
        backbone=block.text("backbone"),
        dataset=block.choice("dataset", (table.dataset,)),
        strategy=block.text("strategy"),
        input_px=block.whole("input_px", at_least=1),
        archive=block.text("archive"),
        num_classes=block.whole("num_classes", at_least=1),
        width=float(block.decimal("width", Decimal(1))),
        scales=block.choice("scales", SCALES, SCALES[0]),
        cells=block.text_map("cells"),
        variant=_variant(block),
    )
    block.finish()
    return row


#: What ends the id of a row's second and third case.
_TAKEN = frozenset({"retrained", "speed"})
_VARIANT = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def _variant(block: Block) -> str:
    variant = block.text("variant", "")
    if not variant or (_VARIANT.fullmatch(variant) and variant not in _TAKEN):
        return variant
    raise ZooDataError(
        "field variant",
        expected="small letters, digits and _, and not retrained or speed",
        got=printable(repr(variant)),
        next_step="name the checkpoint, as in v2",
    )
