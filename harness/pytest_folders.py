"""A marker expression and a zoo in, the folders of cases that can be meant out.

``--zoo demo`` asks for that zoo's rows, ``-m coco`` for marked cases. The unit tests
carry no marker: where an unmarked case cannot be meant, they need no collection.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression  # what `-m` itself evaluates


def meant_folders(marks: str, zoo: str | None) -> tuple[str, ...]:
    """Return the folders below ``cases`` that can be meant; none means all.

    Args:
        marks: the expression of ``-m``, or nothing.
        zoo: the value of ``--zoo``, or nothing.
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
    return ("zoo",) if marks or zoo else ()


def is_named(config: pytest.Config, folder: str) -> bool:
    """Whether a path on the command line leads into that folder of the cases."""
    is_path = config.args_source is pytest.Config.ArgsSource.ARGS
    paths = (Path(one.partition("::")[0]) for one in config.args)
    return is_path and any(
        path.parent.name == "cases" and path.name == folder
        for one in paths
        for path in (one, *one.parents)
    )


def _carries(*marks: str) -> Callable[..., bool]:
    """Return how a case with just these markers answers an expression's names."""

    def carries(name: str, /, **_: str | int | bool | None) -> bool:
        return name in marks

    return carries
