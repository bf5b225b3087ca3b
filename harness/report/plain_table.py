"""Titles and cells in, plain aligned lines out: what a log can hold."""

from __future__ import annotations

from collections.abc import Sequence

from harness.printable import LONGEST_PART_CHARS, printable
from harness.report.markdown import display_width


def plain_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table as lines, columns aligned by display width, no final LF.

    What others called something stays in its cell: it is made printable.
    """
    table = [
        [printable(cell, longest_chars=LONGEST_PART_CHARS) for cell in line]
        for line in (titles, *rows)
    ]
    widths = [max(map(display_width, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            cell + " " * (width - display_width(cell))
            for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in table
    ]
    return "\n".join(lines)
