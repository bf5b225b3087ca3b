"""Reads one TOML table, key by key and type by type; refuses keys left over."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypeGuard

from harness.errors import ZooDataError, located
from harness.printable import printable

_REQUIRED = object()
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_toml(path: Path) -> dict[str, object]:
    """Return the content of a TOML file; its decimals are exact.

    Raises:
        ZooDataError: not TOML, not UTF-8, or not a file that can be read.
    """
    with located(path.name):
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        except RecursionError as error:
            raise _not_toml("TOML that is nested too deeply") from error
        except OSError as error:
            raise _not_toml(error.strerror or error) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise _not_toml(error) from error


def tables_of(value: object, what: str) -> list[Mapping[str, object]]:
    """Return the blocks of an array of tables.

    Raises:
        ZooDataError: ``value`` is something else.
    """
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return value
    raise ZooDataError(what, expected="blocks `[[...]]`", got=printable(repr(value)))


def table_of(value: object, what: str) -> Mapping[str, object]:
    """Return one table.

    Raises:
        ZooDataError: ``value`` is something else.
    """
    if isinstance(value, dict):
        return value
    raise ZooDataError(what, expected="a table `[...]`", got=printable(repr(value)))


class Block:
    """Typed access to one TOML table.

    Each method takes a key, and raises :class:`ZooDataError` naming field, expected and
    got when it is missing or of another type. :meth:`finish` refuses what nobody asked
    for, so that a misspelt optional key is not silently passed over.
    """

    def __init__(self, values: Mapping[str, object]) -> None:
        self._left = dict(values)
        self._known: list[str] = []

    def text(self, key: str, default: object = _REQUIRED) -> str:
        """Return a text that is not empty, unless ``default`` is."""
        value = self._take(key, "a text", default)
        if isinstance(value, str) and (value or default == ""):
            return value
        raise _refusal(key, "a text", value)

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None when the key is missing."""
        return self.text(key) if self._has(key) else None

    def sha256(self, key: str) -> str:
        """Return a SHA-256, in lower-case hexadecimal."""
        value = self._take(key, "64 hexadecimal digits")
        if isinstance(value, str) and _SHA256.fullmatch(value):
            return value
        raise _refusal(key, "64 hexadecimal digits", value)

    def optional_sha256(self, key: str) -> str | None:
        """Return a SHA-256, or None when the key is missing."""
        return self.sha256(key) if self._has(key) else None

    def whole(self, key: str, *, at_least: int) -> int:
        """Return a whole number."""
        expected = f"a whole number from {at_least}"
        value = self._take(key, expected)
        if _are_wholes([value], at_least):
            assert isinstance(value, int)
            return value
        raise _refusal(key, expected, value)

    def optional_whole(self, key: str, *, at_least: int) -> int | None:
        """Return a whole number, or None when the key is missing."""
        return self.whole(key, at_least=at_least) if self._has(key) else None

    def wholes(
        self, key: str, *, at_least: int, may_be_empty: bool = False
    ) -> tuple[int, ...]:
        """Return a list of whole numbers, one or more unless it may be empty."""
        expected = f"a list of whole numbers from {at_least}"
        value = self._take(key, expected)
        if isinstance(value, list) and _are_wholes(value, at_least):
            numbers = tuple(value)
            if numbers or may_be_empty:
                return numbers
        raise _refusal(key, expected, value)

    def decimal(self, key: str, default: Decimal | None = None) -> Decimal:
        """Return a decimal from 0, exactly as written."""
        expected = "a number from 0"
        value = self._take(key, expected, _REQUIRED if default is None else default)
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            number = Decimal(value)
            if number.is_finite() and number >= 0:
                return number
        raise _refusal(key, expected, value)

    def optional_decimal(self, key: str) -> Decimal | None:
        """Return a decimal from 0, or None when the key is missing."""
        return self.decimal(key) if self._has(key) else None

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._take(key, "true or false")
        if isinstance(value, bool):
            return value
        raise _refusal(key, "true or false", value)

    def optional_flag(self, key: str) -> bool:
        """Return true or false, false when the key is missing."""
        return self.flag(key) if self._has(key) else False

    def date(self, key: str) -> dt.date:
        """Return a date without time."""
        value = self._take(key, "a date")
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        raise _refusal(key, "a date such as 2030-12-31", value)

    def optional_date(self, key: str) -> dt.date | None:
        """Return a date without time, or None when the key is missing."""
        return self.date(key) if self._has(key) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self._take(key, "a list of texts")
        if _is_texts(value):
            return tuple(value)
        raise _refusal(key, "a list of texts", value)

    def optional_texts(self, key: str) -> tuple[str, ...] | None:
        """Return a list of texts, or None when the key is missing."""
        return self.texts(key) if self._has(key) else None

    def choice(
        self, key: str, allowed: tuple[str, ...], default: object = _REQUIRED
    ) -> str:
        """Return one of the allowed words."""
        value = self._take(key, " or ".join(allowed), default)
        if isinstance(value, str) and value in allowed:
            return value
        raise _refusal(key, " or ".join(allowed), value)

    def text_map(self, key: str) -> dict[str, str]:
        """Return a table of texts, empty when the key is missing."""
        value = self._take(key, "a table of texts", {})
        if isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
            return value
        raise _refusal(key, "a table of texts", value)

    def texts_map(self, key: str) -> dict[str, tuple[str, ...]]:
        """Return a table of lists of texts, empty when the key is missing."""
        value = self._take(key, "a table of lists of texts", {})
        if isinstance(value, dict) and all(_is_texts(v) for v in value.values()):
            return {name: tuple(texts) for name, texts in value.items()}
        raise _refusal(key, "a table of lists of texts", value)

    def table(self, key: str) -> Mapping[str, object]:
        """Return a table within the table."""
        return table_of(self._take(key, "a table `[...]`"), f"field {key}")

    def optional_table(self, key: str) -> Mapping[str, object]:
        """Return a table within the table, empty when the key is missing."""
        return self.table(key) if self._has(key) else {}

    def tables(self, key: str) -> list[Mapping[str, object]]:
        """Return the blocks of an array of tables, none when the key is missing."""
        return tables_of(self._take(key, "blocks `[[...]]`", []), f"field {key}")

    def finish(self) -> None:
        """Refuse the keys that nobody asked for.

        Raises:
            ZooDataError: there are some.
        """
        if self._left:
            raise ZooDataError(
                "unknown field",
                expected=", ".join(self._known),
                got=", ".join(sorted(self._left)),
            )

    def _take(self, key: str, expected: str, default: object = _REQUIRED) -> object:
        self._known.append(key)
        value = self._left.pop(key, default)
        if value is _REQUIRED:
            raise ZooDataError(f"field {key}", expected=expected, got="nothing")
        return value

    def _has(self, key: str) -> bool:
        if key not in self._left:
            self._known.append(key)
            return False
        return True


def _not_toml(got: object) -> ZooDataError:
    return ZooDataError("not readable as TOML", expected="TOML in UTF-8", got=got)


def _are_wholes(values: list[object], at_least: int) -> bool:
    return all(type(one) is int and one >= at_least for one in values)  # no bool


def _is_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _refusal(key: str, expected: str, value: object) -> ZooDataError:
    got = str(value) if isinstance(value, Decimal) else repr(value)
    return ZooDataError(f"field {key}", expected=expected, got=printable(got))
