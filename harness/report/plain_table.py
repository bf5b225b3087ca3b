"""Writes a table as plain aligned lines, as a log can hold them."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from harness.printable import LONGEST_PART_CHARS, printable
from harness.report.columns import column_widths, padded


def plain_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table as lines, columns aligned by display width, no final LF.

    What others called something stays in its cell: it is made printable.
    """
    lines = [
        [printable(cell, longest_chars=LONGEST_PART_CHARS) for cell in line]
        for line in (titles, *rows)
    ]
    widths = column_widths(lines)
    header, *body = (
        [padded(cell, width, "left") for cell, width in zip(line, widths, strict=True)]
        for line in lines
    )
    return str(
        tabulate(body, header, tablefmt="plain", stralign=None, disable_numparse=True)
    )
