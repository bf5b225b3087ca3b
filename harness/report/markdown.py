"""Cells in, a markdown table out, aligned by display width."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from tabulate import tabulate

#: Categories that take no column of their own: marks, and format characters such as
#: the zero-width joiner.  # Unicode 15, general categories
ZERO_WIDTH = frozenset({"Mn", "Me", "Cf"})

#: What stands for one column of text while tabulate lays the table out.
STAND_IN = "x"


def display_width(text: str) -> int:
    """Return how many terminal columns the text takes: wide characters take two.

    Ambiguous characters count as narrow. Only the standard library's tables are asked,
    so the answer does not depend on what else is installed.
    """
    return sum(
        0
        if unicodedata.category(one) in ZERO_WIDTH
        else 2
        if unicodedata.east_asian_width(one) in "WF"
        else 1
        for one in text
    )


def escape_cell(text: str) -> str:
    """Return the text as one table cell: a pipe stays a pipe, a newline is ``<br>``."""
    # backslashes before a pipe are doubled, or they would take the pipe's own
    piped = re.sub(r"(\\*)\|", lambda found: found[1] * 2 + r"\|", text.strip())
    return re.sub(r"\r\n|\r|\n", "<br>", piped)


def render_table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], align: Sequence[str]
) -> str:
    """Return a markdown table without a final newline; no rows give the titles alone.

    Args:
        titles: one per column.
        rows: as many cells as titles each, unescaped.
        align: ``left`` or ``center`` per column.
    """
    cells = [[escape_cell(cell) for cell in line] for line in (titles, *rows)]
    # tabulate measures with wcwidth where that is installed and with len where it is
    # not. Of ASCII stand-ins as wide as the text both say the same.
    header, *body = (
        [STAND_IN * display_width(cell) for cell in line] for line in cells
    )
    plain = tabulate(
        body or [[""] * len(header)],  # tabulate forgets the alignment of no rows
        headers=header,
        tablefmt="pipe",
        colalign=list(align),
        disable_numparse=True,
    )
    texts = iter(cell for line in cells for cell in line if cell)
    lines = [_with_texts(line, texts) for line in plain.splitlines()]
    return "\n".join(lines if body else lines[:2])


def _stand_in(cell: str) -> str:
    # a lone combining mark still needs a place to be put back to
    return STAND_IN * max(display_width(cell), 1) if cell else ""


def _with_texts(line: str, texts: Iterator[str]) -> str:
    """Put the next texts where their stand-ins are."""
    return re.sub(f"{STAND_IN}+", lambda _: next(texts), line)
