"""A marker expression and a word in, the rows of a zoo that they select out."""

from __future__ import annotations

import ast

from harness.errors import UsageError
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
    tree = _parse(markers) if markers.strip() else None
    return tuple(
        row
        for row in zoo.rows
        if (tree is None or _holds(tree, row.markers))
        and keyword.lower() in row.row_id.lower()
    )


def _parse(markers: str) -> ast.expr:
    try:
        tree = ast.parse(markers.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise _not_an_expression(markers) from error
    _demand(tree, markers)
    return tree


def _demand(tree: ast.expr, markers: str) -> None:
    match tree:
        case ast.BoolOp(values=values):
            for one in values:
                _demand(one, markers)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _demand(operand, markers)
        case ast.Name(id=name) if name in MARKERS:
            pass
        case _:
            raise _not_an_expression(markers)


def _holds(tree: ast.expr, carried: frozenset[str]) -> bool:
    match tree:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_holds(one, carried) for one in values)
        case ast.BoolOp(values=values):
            return any(_holds(one, carried) for one in values)
        case ast.UnaryOp(operand=operand):
            return not _holds(operand, carried)
    assert isinstance(tree, ast.Name)
    return tree.id in carried


def _not_an_expression(markers: str) -> UsageError:
    return UsageError(
        "-m",
        expected=f"and, or, not between {', '.join(MARKERS)}",
        got=repr(markers),
        next_step="give markers, as in 'coco and not prune'",
    )
