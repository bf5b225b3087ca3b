"""Prints tables (drawn on a terminal, plain lines in a log) and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from harness.printable import printable, printable_json, printable_lines


class PlainConsole(Console):
    """A terminal that text cannot steer: nothing in it is markup or a control code."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; text with each of its lines made printable."""
        super().print(
            *(printable_lines(one) if isinstance(one, str) else one for one in objects),
            **options,
        )


out = PlainConsole(highlight=False, markup=False, emoji=False, soft_wrap=True)
err = PlainConsole(
    stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True
)


def print_json(data: Any) -> None:
    """Print data as JSON: sorted keys, two spaces."""
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    out.print(printable_json(text))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn on a terminal, plain aligned lines in a log."""
    if out.is_terminal:
        table = Table()
        for place, title in enumerate(titles):
            # The first column holds ids to copy: never cut, whatever the width.
            table.add_column(printable(title), no_wrap=place == 0, overflow="fold")
        for row in rows:
            table.add_row(*map(printable, row))
        out.print(table)
    else:
        from harness.report.plain_table import plain_table

        out.print(plain_table(titles, rows))
