"""Titles and cells in, plain aligned lines out: what a log can hold."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.markdown import display_width


def plain_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table as lines, columns aligned by display width, no final LF."""
    table = [titles, *rows]
    widths = [max(map(display_width, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            cell + " " * (width - display_width(cell))
            for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in table
    ]
    return "\n".join(lines)
