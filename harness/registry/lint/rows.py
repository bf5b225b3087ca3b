"""Checks tables, rows and archives against each other and against known words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from harness.errors import ZooDataError
from harness.printable import printable
from harness.registry import words
from harness.registry.problems import noting
from harness.values.rows import Row, Table, Zoo

SCHEMES = ("https", "http", "file")
#: What an archive holds. Its rows may differ in their input size alone.
NETWORK_FIELDS = (
    "architecture",
    "backbone",
    "dataset",
    "strategy",
    "num_classes",
    "width",
    "scales",
)


def table_problems(zoo: Zoo) -> Iterator[ZooDataError]:
    """Yield tables that share a place in the document, and tables without a row."""
    taken: dict[int, str] = {}
    for table in zoo.tables:
        first = taken.setdefault(table.order, table.key)
        if first != table.key:
            yield ZooDataError(
                f"{table.key}.toml: table: field order",
                expected="each place in the document once",
                got=f"{table.order}, as in {first}.toml",
            )
        if not table.row_ids:
            yield ZooDataError(
                f"{table.key}.toml: [[row]]", expected="at least one", got="none"
            )


def row_problems(zoo: Zoo, *, is_own: bool = False) -> Iterator[ZooDataError]:
    """Yield rows whose id, words or printed cells do not agree with their fields.

    Args:
        zoo: the zoo.
        is_own: it is anybody's own folder. Its strategies and printed cells are free;
            a cell in our words must still be right.
    """
    tables = {table.key: table for table in zoo.tables}
    for row in zoo.rows:
        place = f"{row.table}.toml: row {row.row_id}"
        yield from _word_problems(row, place, is_own=is_own)
        yield from _cell_problems(row, tables[row.table], place, is_own=is_own)
        if row.row_id != row.id_by_fields:
            yield ZooDataError(
                f"{place}: field id", expected=row.id_by_fields, got=row.row_id
            )
        if row.variant and not is_own:
            yield ZooDataError(
                f"{place}: field variant",
                expected="none: a document prints no such thing",
                got=row.variant,
            )


def archive_problems(
    zoo: Zoo, files: Mapping[str, str], *, is_own: bool = False
) -> Iterator[ZooDataError]:
    """Yield archives of no row, and archives whose name and address do not agree.

    Args:
        zoo: the zoo.
        files: archive name -> the file that declares it.
        is_own: it is anybody's own folder, where the names of archives are free.
    """
    used = {row.archive for row in zoo.rows}
    urls: dict[str, str] = {}
    for name, archive in zoo.archives.items():
        place = f"{files[name]}: archive {name}"
        address = urlsplit(archive.url)
        first = urls.setdefault(archive.url, name)
        if name not in used:
            yield ZooDataError(
                f"{place}: field name",
                expected="a row that names it as its archive",
                got="none",
            )
        if first != name:
            yield ZooDataError(
                f"{place}: field url",
                expected="each address once",
                got=f"that of the archive {first}",
            )
        if address.scheme not in SCHEMES:
            yield ZooDataError(
                f"{place}: field url",
                expected=" or ".join(f"{one}:" for one in SCHEMES),
                got=archive.url,
            )
        if not is_own and PurePosixPath(address.path).name != f"{name}.tar":
            yield ZooDataError(
                f"{place}: field name",
                expected="the last part of its url without .tar",
                got=archive.url,
            )


def sharing_problems(zoo: Zoo) -> Iterator[ZooDataError]:
    """Yield rows of another network than the first row of the same archive."""
    firsts: dict[str, Row] = {}
    for row in zoo.rows:
        first = firsts.setdefault(row.archive, row)
        for name in NETWORK_FIELDS:
            if getattr(row, name) != getattr(first, name):
                yield ZooDataError(
                    f"{row.table}.toml: row {row.row_id}: field {name}",
                    expected=f"{getattr(first, name)}, as in {first.row_id} of the "
                    f"same archive",
                    got=str(getattr(row, name)),
                )


#: A strategy of one's own: it becomes a part of an id.
OWN_STRATEGY = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def _word_problems(row: Row, place: str, *, is_own: bool) -> Iterator[ZooDataError]:
    allowed_words = {
        "architecture": (row.architecture, frozenset(words.ARCHITECTURES.values())),
        "backbone": (
            row.backbone,
            words.KNOWN_BACKBONES.get(row.architecture, frozenset()),
        ),
        "strategy": (row.strategy, words.KNOWN_STRATEGIES),
    }
    if is_own:
        del allowed_words["strategy"]
        if not OWN_STRATEGY.fullmatch(row.strategy):
            yield ZooDataError(
                f"{place}: field strategy",
                expected="small letters, digits and _ between them",
                got=printable(repr(row.strategy)),
            )
    for name, (word, allowed) in allowed_words.items():
        if word not in allowed:
            yield ZooDataError(
                f"{place}: field {name}",
                expected=" or ".join(sorted(allowed)) or "a known architecture first",
                got=word,
            )


def _cell_problems(
    row: Row, table: Table, place: str, *, is_own: bool
) -> Iterator[ZooDataError]:
    """Yield cells that are missing or left over, or print something else."""
    printed = set(table.columns) - set(table.metric_columns) - {table.link_column}
    if set(row.cells) != printed:
        yield ZooDataError(
            f"{place}: field cells",
            expected=", ".join(title for title in table.columns if title in printed),
            got=", ".join(row.cells) or "none",
        )
    cells = {words.role_of(title): text for title, text in row.cells.items()}
    titles = {words.role_of(title): title for title in row.cells}
    if is_own:
        cells = {
            role: text for role, text in cells.items() if _is_ours(row, role, text)
        }
    if "backbone" in cells and words.width_of(cells["backbone"]) != row.width:
        yield ZooDataError(
            f"{place}: field cells.{titles['backbone']}",
            expected=f"what prints width {row.width}",
            got=repr(cells["backbone"]),
        )
    for role in ("input_px", "strategy", "backbone"):
        if role not in cells:
            continue
        problems: list[ZooDataError] = []
        field = f"{place}: field cells.{titles[role]}"
        with noting(problems):
            ours = _translated(row, role, cells)
            if ours != str(getattr(row, role)):
                yield ZooDataError(
                    field,
                    expected=f"what prints {role} {getattr(row, role)}",
                    got=repr(cells[role]),
                )
        for problem in problems:
            yield ZooDataError(
                f"{field}: {problem.what}",
                expected=problem.expected,
                got=problem.got,
                next_step=problem.next_step,
            )


def _is_ours(row: Row, role: str | None, text: str) -> bool:
    """Return whether a cell is printed in our words; else it is free text."""
    if role == "input_px":
        return text.isdecimal()
    if role == "strategy":
        return text in words.STRATEGIES
    if role == "backbone":
        return words.without_width(text) in words.BACKBONES.get(row.architecture, {})
    return True


def _translated(row: Row, role: str, cells: Mapping[str | None, str]) -> str:
    if role == "strategy":
        return words.strategy_of(cells[role], cells.get("teacher"))
    if role == "backbone":
        return words.backbone_of(row.architecture, cells[role], cells.get("pretrained"))
    return cells[role]
