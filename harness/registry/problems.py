"""Gathers refusals into a list, so that a reader sees them all at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import ZooDataError


@contextmanager
def noting(problems: list[ZooDataError] | None) -> Iterator[None]:
    """Append a :class:`ZooDataError` of the block to ``problems`` and go on after it.

    Without a list the error is raised. Nest ``located`` inside, so that the note says
    where the problem is.
    """
    try:
        yield
    except ZooDataError as problem:
        if problems is None:
            raise
        problems.append(problem)
