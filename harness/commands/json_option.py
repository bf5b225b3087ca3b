"""Reads ``--json`` off a command line, before typer or where typer cannot."""

from __future__ import annotations

from collections.abc import Sequence

from harness.values.options import JSON

#: Commands whose ``--json`` may name a file; in all others it is a switch.
WITH_FILE = frozenset({"gate"})


def with_json_value(words: Sequence[str]) -> list[str]:
    """Return the words, with ``=-`` (print) after a ``--json`` that names no file.

    Args:
        words: after the program's name.
    """
    command = next((word for word in words if not word.startswith("-")), None)
    if command not in WITH_FILE:
        return list(words)
    following = [*words[1:], "--"]
    return [
        f"{JSON.name}=-"
        if word == JSON.name and after != "-" and after.startswith("-")
        else word
        for word, after in zip(words, following, strict=True)
    ]


def asks_json(words: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, whether or not it can be understood."""
    return any(word.partition("=")[0] == JSON.name for word in words)
