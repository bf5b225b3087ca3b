"""A command that reads others' files in, one whose bad file is exit code 2 out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from harness.errors import (
    DatasetInvalid,
    DatasetMissing,
    DetectionsInvalid,
    RecordInvalid,
    UsageError,
)

Words = ParamSpec("Words")

#: What is wrong with a file that was named on the command line, not with a number.
BAD_FILES = (DatasetInvalid, DatasetMissing, DetectionsInvalid, RecordInvalid)


def refusing_bad_files(command: Callable[Words, None]) -> Callable[Words, None]:
    """Return the command ending with exit code 2 where a file it was given is bad.

    Exit code 1 then always means that a claim was missed.
    """

    @wraps(command)
    def run(*args: Words.args, **kwargs: Words.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except BAD_FILES as error:
            usage = UsageError(
                error.what,
                expected=error.expected,
                got=error.got,
                next_step=error.next_step,
            )
            usage.where = error.where
            raise usage from error

    return run
