"""A marker expression, a keyword and a zoo in, the folders of cases meant out.

``--zoo demo`` asks for that zoo's rows, ``-m coco`` for marked cases, and a keyword
that rows have, as ``-k mobilenet_v1``, for those. The unit tests carry no marker: where
an unmarked case cannot be meant, they need no collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression  # what `-m` and `-k` are evaluated by

from harness.values.rows import Row


def meant_folders(
    marks: str,
    zoo: str | None,
    *,
    keyword: str = "",
    rows: Callable[[], Iterable[Row]] = tuple,
) -> tuple[str, ...]:
    """Return the folders below ``cases`` that can be meant; none means all.

    Args:
        marks: the expression of ``-m``, or nothing.
        zoo: the value of ``--zoo``, or nothing.
        keyword: the expression of ``-k``, or nothing.
        rows: opens the zoo; asked only where a keyword alone decides.
    """
    if marks:
        try:
            holds = Expression.compile(marks).evaluate
        except SyntaxError:
            return ()  # pytest tells what is wrong with it
        if holds(_carries()):
            return ()
        if holds(_carries("speed")):
            return ("zoo", "bench")
    if marks or zoo:
        return ("zoo",)
    return ("zoo",) if keyword and _means_rows(keyword, rows) else ()


def _means_rows(keyword: str, rows: Callable[[], Iterable[Row]]) -> bool:
    """Whether rows, and not just any case, have what an expression of ``-k`` asks."""
    try:
        holds = Expression.compile(keyword).evaluate
    except SyntaxError:
        return False
    return not holds(_is_called("")) and any(
        holds(_is_called(row.row_id, *row.markers)) for row in rows()
    )


def is_named(config: pytest.Config, folder: str) -> bool:
    """Whether a path on the command line leads into that folder of the cases."""
    is_path = config.args_source is pytest.Config.ArgsSource.ARGS
    paths = (Path(one.partition("::")[0]) for one in config.args)
    return is_path and any(
        path.parent.name == "cases" and path.name == folder
        for one in paths
        for path in (one, *one.parents)
    )


def _is_called(*names: str) -> Callable[..., bool]:
    """Return how a case of these names answers a part of one, as ``-k`` asks it."""

    def is_called(part: str, /, **_: str | int | bool | None) -> bool:
        return any(part.lower() in name.lower() for name in names)

    return is_called


def _carries(*marks: str) -> Callable[..., bool]:
    """Return how a case with just these markers answers an expression's names."""

    def carries(name: str, /, **_: str | int | bool | None) -> bool:
        return name in marks

    return carries
