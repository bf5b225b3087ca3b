"""Writes a markdown table whose source is aligned by display width."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import DataRow, TableFormat, tabulate

from harness.report.columns import column_widths, padded

#: Free columns beside a title: tabulate's own MIN_PADDING.
ROOM_OF_TITLE = 2


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
        align: ``left``, ``center`` or ``right`` per column.
    """
    lines = [[escape_cell(cell) for cell in line] for line in (titles, *rows)]
    widths = column_widths(lines, room=ROOM_OF_TITLE)
    header, *body = (list(map(padded, line, widths, align)) for line in lines)
    # Cells come padded. tabulate measures with wcwidth where that is installed and with
    # len where it is not: the bytes of a page must not depend on that.
    return str(
        tabulate(
            body,
            headers=header,
            tablefmt=_bars(_rule(widths, align)),
            stralign=None,
            disable_numparse=True,
        )
    )


def _rule(widths: Sequence[int], align: Sequence[str]) -> str:
    """Return the line below the titles; its colons say how a column is aligned."""
    ends = {"left": (":", "-"), "center": (":", ":"), "right": ("-", ":")}
    rules = [
        f"{ends[one][0]}{'-' * width}{ends[one][1]}"
        for width, one in zip(widths, align, strict=True)
    ]
    return f"|{'|'.join(rules)}|"


def _bars(rule: str) -> TableFormat:
    """Return tabulate's ``pipe`` format, with a rule that is already drawn."""
    row = DataRow("| ", " | ", " |")
    return TableFormat(
        lineabove=None,
        linebelowheader=lambda _widths, _align: rule,
        linebetweenrows=None,
        linebelow=None,
        headerrow=row,
        datarow=row,
        padding=0,
        with_header_hide=None,
    )
