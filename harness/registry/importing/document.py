"""A published markdown document in, its tables with their headings out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.errors import ZooDataError, located

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_RULE = re.compile(r":?-+:?")
_UNESCAPED_BAR = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """One line of a table."""

    line: int  # 1-based
    cells: tuple[str, ...]  # as printed, stripped; one per column


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTable:
    """One table and where it stands."""

    line: int  # of its titles
    chapter: str  # the last heading of level 2 above it
    heading: str  # the last heading of level 3 above it
    columns: tuple[str, ...]
    align: tuple[str, ...]  # "left" | "center" | "right" per column
    rows: tuple[DocumentRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The title of a document and its tables, top to bottom."""

    title: str  # the first heading of level 1
    tables: tuple[DocumentTable, ...]


def parse_document(markdown: str) -> Document:
    """Return the tables of a document with the headings they stand under.

    Text, lists and fenced code are passed over: inside a fence ``|`` and ``#`` are
    plain characters.

    Raises:
        ZooDataError: there is no table, a table stands outside the headings, or a line
            has more or fewer cells than the titles.
    """
    title = chapter = heading = ""
    tables: list[DocumentTable] = []
    lines = list(_outside_fences(markdown))
    at = 0
    while at < len(lines):
        number, text = lines[at]
        marked = _HEADING.match(text)
        if marked is not None:
            level, words = len(marked[1]), marked[2]
            if level == 1:
                title, chapter, heading = title or words, "", ""
            elif level == 2:
                chapter, heading = words, ""
            elif level == 3:
                heading = words
        elif _starts_table(lines, at):
            with located(f"line {number}"):
                if not (chapter and heading):
                    raise ZooDataError(
                        "a table outside the headings",
                        expected="a heading `##` and a heading `###` above it",
                        got=f"chapter {chapter!r}, heading {heading!r}",
                    )
            end = at + 2
            while end < len(lines) and lines[end][1].lstrip().startswith("|"):
                end += 1
            tables.append(_parse_table(lines[at:end], chapter, heading))
            at = end
            continue
        at += 1
    if not tables:
        raise ZooDataError(
            "no table in the document",
            expected="markdown tables under `##` and `###` headings",
            got=f"{len(lines)} lines without one",
        )
    return Document(title=title, tables=tuple(tables))


def _outside_fences(markdown: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines outside code fences."""
    fenced = False
    for number, text in enumerate(markdown.splitlines(), start=1):
        if text.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            yield number, text


def _starts_table(lines: list[tuple[int, str]], at: int) -> bool:
    if not lines[at][1].lstrip().startswith("|") or at + 1 == len(lines):
        return False
    cells = _split(lines[at + 1][1])
    return bool(cells) and all(_RULE.fullmatch(cell) for cell in cells)


def _split(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return tuple(
        cell.strip().replace("\\|", "|") for cell in _UNESCAPED_BAR.split(inner)
    )


def _parse_table(
    lines: list[tuple[int, str]], chapter: str, heading: str
) -> DocumentTable:
    columns = _split(lines[0][1])
    align = tuple(_align_of(rule) for rule in _split(lines[1][1]))
    rows = tuple(
        DocumentRow(line=number, cells=_split(text)) for number, text in lines[2:]
    )
    counted = [(lines[1][0], len(align)), *((row.line, len(row.cells)) for row in rows)]
    for number, count in counted:
        if count != len(columns):
            with located(f"line {number}"):
                raise ZooDataError(
                    "a table line with another number of cells than its titles",
                    expected=f"{len(columns)} cells",
                    got=f"{count}",
                )
    return DocumentTable(
        line=lines[0][0],
        chapter=chapter,
        heading=heading,
        columns=columns,
        align=align,
        rows=rows,
    )


def _align_of(rule: str) -> str:
    if rule.endswith(":"):
        return "center" if rule.startswith(":") else "right"
    return "left"
