"""Finds the row that a command was asked for."""

from __future__ import annotations

from harness.errors import UsageError
from harness.values.rows import Row, Zoo


def asked_row(zoo: Zoo, row_id: str) -> Row:
    """Return the row that was asked for.

    Raises:
        UsageError: the zoo has no such row.
    """
    try:
        return zoo.row(row_id)
    except KeyError as error:
        raise UsageError(
            f"no row {row_id!r} in {zoo.name}",
            expected="the id of a row",
            got="none of its rows",
            next_step="`zoo list` with the same --zoo shows them",
        ) from error
