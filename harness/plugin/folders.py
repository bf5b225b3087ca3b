"""Decides which folders of cases a command line can mean.

``--zoo demo`` asks for that zoo's rows, ``-m coco`` for marked cases, and a keyword
that rows have, as ``-k mobilenet_v1``, for those. The unit tests carry no marker: where
an unmarked case cannot be meant, they need no collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from harness.registry.location import CASES_FOLDER, ROW_CASES
from harness.values.expressions import any_carried, read_expression
from harness.values.rows import Row

#: Below ``cases``: the rows' cases, and the suites of the harness's own speed.
ROWS, BENCH = ROW_CASES.name, "bench"


def meant_folders(
    marks: str,
    zoo: str | None,
    *,
    keyword: str = "",
    rows: Callable[[], Iterable[Row]] = tuple,
    retrained: bool = False,
) -> tuple[str, ...]:
    """Return the folders below ``cases`` that can be meant; none means all.

    Args:
        marks: the expression of ``-m``, or nothing.
        zoo: the value of ``--zoo``, or nothing.
        keyword: the expression of ``-k``, or nothing.
        rows: opens the zoo; asked only where a keyword alone decides.
        retrained: whether rows have their second cases.
    """
    if marks:
        expression = read_expression(marks)
        if expression is None or expression.holds(any_carried([])):
            return ()  # of a malformed expression, pytest tells what is wrong
        if expression.holds(any_carried(["speed"])):
            return (ROWS, BENCH)
    if marks or zoo:
        return (ROWS,)
    return (ROWS,) if keyword and _means_rows(keyword, rows, retrained) else ()


def _means_rows(
    keyword: str, rows: Callable[[], Iterable[Row]], retrained: bool
) -> bool:
    """Whether an expression of ``-k`` holds for a row, and not for every case."""
    expression = read_expression(keyword)
    if expression is None or expression.holds(_is_called("")):
        return False
    names = [(one.row_id, *one.markers) for one in rows()]
    if retrained:
        names += [(one.retrained_id, *one.retrained_markers) for one in rows()]
    return any(expression.holds(_is_called(*one)) for one in names)


def is_named(config: pytest.Config, folder: str) -> bool:
    """Whether a path on the command line leads into that folder of the cases."""
    is_path = config.args_source is pytest.Config.ArgsSource.ARGS
    paths = (Path(one.partition("::")[0]) for one in config.args)
    return is_path and any(
        path.parent.name == CASES_FOLDER.name and path.name == folder
        for one in paths
        for path in (one, *one.parents)
    )


def _is_called(*names: str) -> Callable[[str], bool]:
    """Return whether a word of ``-k`` is a part of any of these names."""
    return lambda part: any(part.lower() in name.lower() for name in names)
