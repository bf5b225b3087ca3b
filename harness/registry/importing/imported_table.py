"""One printed table in, its rows, archives and claims out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from harness.errors import ZooDataError, located
from harness.registry import words
from harness.registry.importing.document import DocumentRow, DocumentTable
from harness.values.datasets import PUBLISHED_DATASETS
from harness.values.rows import METRICS_OF_DATASET, Archive, Claim, Row, Table

_LINK = re.compile(r"\[[^\]]*\]\(\s*(\S+?)\s*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedTable:
    """What one printed table says."""

    table: Table
    archives: tuple[Archive, ...]  # each once, in the order of their first row
    rows: tuple[Row, ...]
    claims: tuple[Claim, ...]
    lines: Mapping[str, int]  # row id -> its line in the document


def import_table(printed: DocumentTable, *, zoo: str, order: int) -> ImportedTable:
    """Return the rows, archives and claims of one printed table.

    Raises:
        ZooDataError: a heading, title, word, number or link cannot be understood, or
            two lines are the same row; the message names the line.
    """
    with located(f"line {printed.line}"):
        architecture, dataset = _read_heading(printed.heading)
        titles = _titles_by_role(printed.columns, dataset)
    strategies = []
    for line in printed.rows:
        with located(f"line {line.line}"):
            word = _cell(printed, line, titles["strategy"])
            teacher = titles.get("teacher")
            taught = None if teacher is None else _cell(printed, line, teacher)
            strategies.append(words.strategy_of(word, taught))
    key = f"{_family_of(strategies)}_{dataset}"
    numbers = {titles[metric]: metric for metric in METRICS_OF_DATASET[dataset]}
    archives: dict[str, Archive] = {}
    rows: list[Row] = []
    claims: list[Claim] = []
    lines: dict[str, int] = {}
    for line, strategy in zip(printed.rows, strategies, strict=True):
        with located(f"line {line.line}"):
            cells = dict(zip(printed.columns, line.cells, strict=True))
            archive = _archive_of(cells.pop(titles["link"]))
            if archives.setdefault(archive.name, archive) != archive:
                raise two_archives_of_one_name(archives[archive.name], archive)
            printed_numbers = {numbers[title]: cells.pop(title) for title in numbers}
            backbone = words.backbone_of(
                architecture,
                cells[titles["backbone"]],
                cells[titles["pretrained"]] if "pretrained" in titles else None,
            )
            input_px = _size_of(cells[titles["input_px"]])
            row_id = f"{architecture}-{backbone}-{dataset}-{strategy}-{input_px}"
            if row_id in lines:
                raise same_row_twice(row_id, lines[row_id])
            lines[row_id] = line.line
            claims += [
                _claim_of(row_id, metric, text)
                for metric, text in printed_numbers.items()
            ]
            rows.append(
                Row(
                    row_id=row_id,
                    zoo=zoo,
                    table=key,
                    architecture=architecture,
                    backbone=backbone,
                    dataset=dataset,
                    strategy=strategy,
                    input_px=input_px,
                    archive=archive.name,
                    num_classes=PUBLISHED_DATASETS[dataset].num_classes,
                    width=words.width_of(cells[titles["backbone"]]),
                    cells=cells,
                )
            )
    table = Table(
        key=key,
        order=order,
        chapter=printed.chapter,
        heading=printed.heading,
        dataset=dataset,
        columns=printed.columns,
        align=printed.align,
        translations=_translations(printed),
        row_ids=tuple(row.row_id for row in rows),
        metric_columns=numbers,
        link_column=titles["link"],
    )
    return ImportedTable(
        table=table,
        archives=tuple(archives.values()),
        rows=tuple(rows),
        claims=tuple(claims),
        lines=lines,
    )


def two_archives_of_one_name(first: Archive, second: Archive) -> ZooDataError:
    """Return the refusal of two addresses whose archives would share a name."""
    return ZooDataError(
        f"two addresses of the archive {first.name}",
        expected=first.url,
        got=second.url,
    )


def same_row_twice(row_id: str, first_line: int) -> ZooDataError:
    """Return the refusal of a second line with the same row id."""
    return ZooDataError(
        "two lines are the same row",
        expected="each model, strategy, dataset and input size once",
        got=f"{row_id}, first on line {first_line}",
    )


def _read_heading(heading: str) -> tuple[str, str]:
    """Return architecture and dataset of ``YOLOv3 on Pascal VOC``."""
    architecture, on, dataset = heading.partition(" on ")
    if not on:
        raise ZooDataError(
            "heading of a table",
            expected="'<architecture> on <dataset>'",
            got=repr(heading),
        )
    return (
        words.translate(architecture, words.ARCHITECTURES, "architecture"),
        words.translate(dataset, words.DATASETS, "dataset"),
    )


def _titles_by_role(columns: tuple[str, ...], dataset: str) -> dict[str, str]:
    """Return role -> title, and refuse titles that leave out what a row needs."""
    if len(set(columns)) != len(columns):
        raise ZooDataError(
            "titles of a table", expected="each title once", got=" | ".join(columns)
        )
    titles: dict[str, str] = {}
    for title in columns:
        role = words.role_of(title)
        if role is None:
            continue
        if role in titles:
            raise ZooDataError(
                "titles of a table",
                expected=f"one column for {role}",
                got=f"{titles[role]} and {title}",
            )
        titles[role] = title
    needed = {"backbone", "strategy", "input_px", "link", *METRICS_OF_DATASET[dataset]}
    if needed - set(titles):
        raise ZooDataError(
            "titles of a table",
            expected="columns for " + ", ".join(sorted(needed)),
            got="none for " + ", ".join(sorted(needed - set(titles))),
        )
    return titles


def _cell(printed: DocumentTable, line: DocumentRow, title: str) -> str:
    return line.cells[printed.columns.index(title)]


def _family_of(strategies: list[str]) -> str:
    """Return the one family that the strategies of a table share, baselines aside."""
    families = {one.partition("_")[0] for one in strategies}
    families = families - {"baseline"} or families
    return "_".join(sorted(families))


def _archive_of(cell: str) -> Archive:
    link = _LINK.fullmatch(cell)
    url = link[1] if link else ""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    path = PurePosixPath(parts.path)
    # A path has no meaning without the document that it was printed in.
    is_whole = parts.scheme in ("http", "https") and bool(parts.netloc)
    if not (is_whole or parts.scheme == "file") or path.suffix != ".tar":
        raise ZooDataError(
            "download cell",
            expected="[text](address of a .tar), with its scheme and host",
            got=repr(cell),
            next_step="write the whole address into the document",
        )
    return Archive(name=path.stem, url=url)


def _size_of(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and int(cell) > 0):
        raise ZooDataError(
            "input size", expected="a whole number of pixels", got=repr(cell)
        )
    return int(cell)


def _claim_of(row_id: str, metric: str, printed: str) -> Claim:
    try:
        known = Decimal(printed).is_finite()
    except InvalidOperation:
        known = False
    if not known:
        raise ZooDataError(
            f"number for {metric}", expected="a decimal", got=repr(printed)
        )
    return Claim(row_id=row_id, metric=metric, printed=printed)


def _translations(printed: DocumentTable) -> dict[str, str]:
    """Return the English of what the table prints in another language."""
    chapter = words.CHAPTERS.get(printed.chapter, printed.chapter)
    english = {printed.chapter: chapter}
    for title in printed.columns:
        column = words.COLUMNS.get(title)
        english[title] = title if column is None else column.english
    return {title: text for title, text in english.items() if title != text}
