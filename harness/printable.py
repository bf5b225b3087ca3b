r"""Makes text of others safe to show: one line that no terminal and no log obeys.

A server, a file or a library may say an escape code that rewrites the terminal, a
character that turns the reading order around, or a line that a build service takes for
a command. They become ``\x1b``, ``\u202e`` and ``\x3a:``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

#: Of one piece of others' text. The longest honest one, the error of a library, has
#: some 200 characters.
LONGEST_TEXT_CHARS = 300

#: Of one whole part of a message. The longest honest one names every row of a zoo, at
#: 50 characters each, or every address that was tried and what each of them said.
LONGEST_PART_CHARS = 4000

#: What build services obey in a log: ``::name`` where a line starts, ``##[`` and
#: ``##vso[`` anywhere.  # actions/runner, ActionCommand.cs; Azure logging commands
_COMMAND = re.compile(r"^(\s*):(?=:[A-Za-z])|#(?=#\[|#vso\[)")


def printable(text: object, *, longest_chars: int = LONGEST_TEXT_CHARS) -> str:
    r"""Return the text on one line, with every character visible, cut where it is long.

    A control or format character, a lone surrogate, an unassigned character and any
    space but the usual one become ``\xNN``, ``\uNNNN`` or ``\UNNNNNNNN``. Printable
    text is returned unchanged: a text may pass here more than once.

    Args:
        text: text of others; anything that ``str`` takes.
        longest_chars: where it is cut; the number of characters left out follows.
    """
    whole = str(text)
    shown: list[str] = []
    room_chars = longest_chars
    for place, character in enumerate(whole):
        spelled = character if character.isprintable() else _escaped(character)
        room_chars -= len(spelled)
        if room_chars < 0:
            shown.append(f"... and {len(whole) - place} more characters")
            break
        shown.append(spelled)
    return _COMMAND.sub(_defused, "".join(shown))


def counted(count: int, what: str) -> str:
    """Return ``"1 image"`` or ``"2 images"``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def first_few(
    names: Sequence[str], most: int, *, joint: str = ", ", counts_rest: bool = False
) -> str:
    """Return the first names, and that there are more: ``"a, b, ..."``.

    Args:
        names: all of them, in the order in which they are told.
        most: how many are named.
        joint: what stands between two.
        counts_rest: say how many more there are: ``"a, b and 3 more"``.
    """
    named = joint.join(names[:most])
    rest = len(names) - most
    if rest <= 0:
        return named
    return f"{named} and {rest} more" if counts_rest else f"{named}{joint}..."


def printable_lines(text: str) -> str:
    """Return text of several lines, each made printable and none cut."""
    return "\n".join(
        printable(line, longest_chars=10 * len(line))  # an escape is 10 at most
        for line in text.split("\n")
    )


def printable_json(text: str) -> str:
    """Return the same JSON, spelled with printable characters alone.

    Unlike :func:`printable` it changes no value: JSON has escapes of its own. Without
    them a lone surrogate could not be written to a file.
    """
    spelled = "".join(
        one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1]
        for one in text
    )
    return _COMMAND.sub(
        lambda found: f"{found[0][:-1]}\\u{ord(found[0][-1]):04x}", spelled
    )


def _escaped(one: str) -> str:
    number = ord(one)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _defused(found: re.Match[str]) -> str:
    return r"\x23" if found[0] == "#" else f"{found[1]}\\x3a"
