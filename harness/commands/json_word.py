"""The words of a command line in, the same with a value for a bare ``--json``, out."""

from __future__ import annotations

from collections.abc import Sequence

#: Commands whose ``--json`` may name a file; in all others it is a switch.
WITH_FILE = frozenset({"gate"})


def with_json_value(words: Sequence[str]) -> list[str]:
    """Return the words; a ``--json`` that names no file prints, as in every command.

    Args:
        words: after the program's name.
    """
    if not words or words[0] not in WITH_FILE:
        return list(words)
    following = [*words[1:], "--"]
    return [
        "--json=-"
        if word == "--json" and after != "-" and after.startswith("-")
        else word
        for word, after in zip(words, following, strict=True)
    ]
