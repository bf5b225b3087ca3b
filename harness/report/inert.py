"""Writes text of others as markdown that looks the same and is no markup.

A page shows the texts of documents, servers and file names. A character with a meaning
in markdown or HTML is written as its number: it looks the same, and is never markup
(CommonMark 0.31, 2.5).
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from harness.printable import LONGEST_PART_CHARS, printable

#: What may begin a tag, a link, code, emphasis, mathematics or an entity, and, where a
#: line starts, a heading or a list. A ``_`` inside a word is a letter of it.
_OBEYED = re.compile(
    r"[<>\[\]`*~$]"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|&(?=#?\w+;)"
    r"|\\(?=[!-/:-@\[-`{-~]|$)"
    r"|^[-+](?=[\s-])|^#(?=#{0,5}(?:\s|$))|^=|^\d(?=\d{0,8}[.)](?:\s|$))"
)

#: A piece of code without a special character: kept as it is.
_CODE = re.compile(r"(?<!`)(`[\w ./:=,-]+`)(?!`)")

#: Three characters are written by their name, which is easier to read.
_NAMES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}

#: Characters of an address that are kept; others would end a link, or be markup.
_KEPT_IN_LINKS = "%/:?#@!$&'+,;=~"


def inert(text: object) -> str:
    """Return the text as markdown that looks the same and is no markup."""
    shown = printable(text, longest_chars=LONGEST_PART_CHARS)
    parts = _CODE.split(shown)
    for place in range(0, len(parts), 2):  # between them is code
        parts[place] = _OBEYED.sub(lambda found: _number(found[0]), parts[place])
    return "".join(parts)


def inert_code(text: object) -> str:
    r"""Return the text for a place between two backticks; its own become ``\x60``."""
    shown = printable(text, longest_chars=LONGEST_PART_CHARS)
    return shown.replace("`", r"\x60")


def inert_comment(text: object) -> str:
    """Return the text for a comment of HTML, which it does not end."""
    return (
        printable(text, longest_chars=LONGEST_PART_CHARS)
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )


def link(label: str, address: str) -> str:
    """Return a link to an http or https address; of any other, its text alone."""
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        return inert(address)
    target = quote(address, safe=_KEPT_IN_LINKS, errors="replace")
    return f"[{inert(label)}]({target})"


def _number(one: str) -> str:
    return _NAMES.get(one, f"&#{ord(one)};")
