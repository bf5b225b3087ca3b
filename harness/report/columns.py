"""Pads the cells of a table, so that columns stand below each other on a screen."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

#: Categories that take no column of their own: marks, and format characters such as
#: the zero-width joiner.  # Unicode 15, general categories
ZERO_WIDTH = frozenset({"Mn", "Me", "Cf"})


def display_width(text: str) -> int:
    """Return how many terminal columns the text takes: wide characters take two.

    Ambiguous characters count as narrow. Only the standard library's tables are asked,
    so the answer does not depend on what else is installed.
    """
    return sum(
        0
        if unicodedata.category(character) in ZERO_WIDTH
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def column_widths(lines: Sequence[Sequence[str]], *, room: int = 0) -> list[int]:
    """Return the display width of each column.

    Args:
        lines: the titles, then the rows, as many cells each.
        room: how many columns are free beside a title.
    """
    return [
        max([display_width(title) + room, *map(display_width, cells)])
        for title, *cells in zip(*lines, strict=True)
    ]


def padded(cell: str, width: int, align: str) -> str:
    """Return the cell with spaces around it, up to a display width.

    Args:
        cell: one line of text.
        width: of its column.
        align: ``left``, ``center`` or ``right``; of an odd rest, the right gets more.
    """
    rest = width - display_width(cell)
    before = {"left": 0, "center": rest // 2, "right": rest}[align]
    return " " * before + cell + " " * (rest - before)
