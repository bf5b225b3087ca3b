"""Ends a command: chooses its exit code, and prints why it refused.

Users rely on the codes: 0 as asked; 1 a claim missed or a check failed; 2 usage;
3 incomplete.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from harness.commands.printing import err, print_json
from harness.errors import (
    DatasetInvalid,
    DatasetMissing,
    DetectionsInvalid,
    HarnessError,
    RecordInvalid,
    UsageError,
)

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INCOMPLETE = 3  # something could not be measured

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


def tell_refusal(error: HarnessError, *, exit_code: int, as_json: bool) -> None:
    """Print why a command did nothing."""
    err.print(f"zoo: {error}")
    if as_json:
        print_json({"error": refusal_data(error, exit_code)})


def refusal_data(error: HarnessError, exit_code: int) -> dict[str, object]:
    """Return the parts of a refusal; ``message`` holds them all in one line."""
    return {
        "message": str(error),
        "where": list(error.where),
        "what": error.what,
        "expected": None if error.expected is None else str(error.expected),
        "got": None if error.got is None else str(error.got),
        "next_step": error.next_step,
        "exit_code": exit_code,
    }
