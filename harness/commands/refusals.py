"""A refusal in, its line on standard error out, and JSON where it was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from harness.commands.printing import err, print_json
from harness.errors import HarnessError

JSON_OPTION = "--json"


def asks_json(words: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, whether or not it can be understood."""
    return any(word.partition("=")[0] == JSON_OPTION for word in words)


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
