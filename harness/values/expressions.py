"""Reads an expression of ``-m`` or ``-k``: names between ``and``, ``or`` and ``not``.

The grammar is pytest's, but for markers with arguments, ``-m "slow(s=3)"``. It is read
here so that ``zoo plan -m`` works where pytest is not installed, and says the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

Answer: TypeAlias = Callable[[str], bool]  # whether a case has a name

#: What pytest takes for a name: also the parts of an id, ``608`` or ``r578-608``.
#: Nothing else but spaces and parentheses may stand between names.
_WORD = re.compile(r"[ \t]*([()]|[\w:+\-.\[\]\\/]+)")
_KEYWORDS = frozenset({"and", "or", "not", "(", ")"})
DEEPEST = 50  # parentheses within each other; Python's own stack ends at some hundreds


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What is asked of the names that a case has."""

    names: frozenset[str]
    holds: Callable[[Answer], bool]


def read_expression(text: str) -> Expression | None:
    """Return the expression that a text is; None: it is none.

    The empty text is one that never holds, as in pytest.
    """
    words = _words_of(text)
    if words is None:
        return None
    names = frozenset(words) - _KEYWORDS
    if not words:
        return Expression(names=names, holds=lambda _: False)
    try:
        reader = _Reader(words=[*words, ""])
        return Expression(names=names, holds=reader.read())
    except _NoExpression:
        return None


def any_carried(names: Iterable[str]) -> Answer:
    """Return the answer of a case that has just these names."""
    return frozenset(names).__contains__


class _NoExpression(Exception):
    """The words are no expression."""


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Goes through the words once; ``""`` is after the last."""

    words: list[str]
    place: int = 0
    depth: int = 0

    def read(self) -> Callable[[Answer], bool]:
        holds = self._any()
        if self.words[self.place]:
            raise _NoExpression
        return holds

    def _takes(self, word: str) -> bool:
        is_next = self.words[self.place] == word
        self.place += is_next
        return is_next

    def _any(self) -> Callable[[Answer], bool]:
        parts = [self._all()]
        while self._takes("or"):
            parts.append(self._all())
        return lambda has: any(holds(has) for holds in parts)

    def _all(self) -> Callable[[Answer], bool]:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return lambda has: all(holds(has) for holds in parts)

    def _one(self) -> Callable[[Answer], bool]:
        is_turned = False
        while self._takes("not"):
            is_turned = not is_turned
        if self._takes("("):
            self.depth += 1
            if self.depth > DEEPEST:
                raise _NoExpression
            inner = self._any()
            self.depth -= 1
            if not self._takes(")"):
                raise _NoExpression
        else:
            inner = self._name()
        return (lambda has: not inner(has)) if is_turned else inner

    def _name(self) -> Callable[[Answer], bool]:
        name = self.words[self.place]
        if not name or name in _KEYWORDS:
            raise _NoExpression
        self.place += 1
        return lambda has: has(name)


def _words_of(text: str) -> list[str] | None:
    """Return the words and parentheses of a text; None: it has something else."""
    words, place = [], 0
    end = len(text.rstrip(" \t"))
    while place < end:
        match = _WORD.match(text, place)
        if match is None:
            return None
        words.append(match[1])
        place = match.end()
    return words
