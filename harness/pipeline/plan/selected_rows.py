"""Selects rows of a zoo as pytest would, by markers and by a part of their ids."""

from __future__ import annotations

from harness.errors import UsageError
from harness.values.expressions import Expression, any_carried, read_expression
from harness.values.rows import MARKERS, Row, Zoo


def select_rows(zoo: Zoo, *, markers: str = "", keyword: str = "") -> tuple[Row, ...]:
    """Return the rows that pytest would select, in printed order.

    Args:
        zoo: the edition.
        markers: as for ``pytest -m``: ``"coco and not prune"``; empty selects all.
        keyword: a part of a row's id, in any case; empty selects all.

    Raises:
        UsageError: the expression is not one, or names no marker.
    """
    expression = _read(markers) if markers.strip() else None
    return tuple(
        row
        for row in zoo.rows
        if (expression is None or expression.holds(any_carried(row.markers)))
        and keyword.lower() in row.row_id.lower()
    )


def _read(markers: str) -> Expression:
    expression = read_expression(markers.strip())
    if expression is None or not expression.names <= set(MARKERS):
        raise UsageError(
            "-m",
            expected=f"and, or, not between {', '.join(MARKERS)}",
            got=repr(markers),
            next_step="give markers, as in 'coco and not prune'",
        )
    return expression
