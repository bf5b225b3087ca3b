"""Reads and writes protobuf messages by a schema, so strictly that nobody can differ.

Protobuf lets a message be written in many ways, and readers do not agree on all of
them: what follows a 32 bit tag, which of two values holds, what an unknown field is.
Here a message has the fields of its schema, each number in its range and shortest form,
and what is not repeated stands once. Everything else is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from harness.errors import ArchiveUnreadable
from harness.model.fluid.protobuf_fields import (
    BYTES,
    VARINT,
    WORD32,
    WORD64,
    read_varint,
    varint_bytes,
)

#: Field name -> value; of a repeated field a list. A field that is not there is absent.
Message = dict[str, Any]

#: All fields of all messages in one; the largest program here has 30,125 (measured).
MAX_FIELDS = 400_000

_WORDS = {WORD32: struct.Struct("<f"), WORD64: struct.Struct("<d")}
_SIGN, _ALL_BITS = 1 << 63, 1 << 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What one field of a message may be."""

    number: int
    wire: int
    least: int = 0  # of a number
    most: int = 0
    inner: Schema | None = None  # of a message; None: text
    repeated: bool = False
    required: bool = False

    @property
    def tag(self) -> int:
        """The number and wire type as they stand before each value."""
        return self.number << 3 | self.wire


class Where(TypedDict, total=False):
    """How often a field stands in its message."""

    repeated: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of one kind of message, by name, in the order of their numbers."""

    what: str  # for messages: "a variable"
    rules: Mapping[str, FieldRule]
    by_tag: Mapping[int, tuple[str, FieldRule]] = field(init=False)

    def __post_init__(self) -> None:
        by_tag = {rule.tag: (name, rule) for name, rule in self.rules.items()}
        object.__setattr__(self, "by_tag", by_tag)


def whole(number: int, least: int, most: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a whole number."""
    return FieldRule(number=number, wire=VARINT, least=least, most=most, **where)


def int32(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a signed number of 32 bits."""
    return whole(number, -(1 << 31), (1 << 31) - 1, **where)


def int64(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a signed number of 64 bits."""
    return whole(number, -_SIGN, _SIGN - 1, **where)


def flag(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a yes or no."""
    return whole(number, 0, 1, **where)


def float32(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a float32."""
    return FieldRule(number=number, wire=WORD32, **where)


def float64(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a float64."""
    return FieldRule(number=number, wire=WORD64, **where)


def text(number: int, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of UTF-8 text."""
    return FieldRule(number=number, wire=BYTES, **where)


def message(number: int, inner: Schema, **where: Unpack[Where]) -> FieldRule:
    """Return the rule of a message inside the message."""
    return FieldRule(number=number, wire=BYTES, inner=inner, **where)


def decode(content: bytes, schema: Schema) -> Message:
    """Read a message.

    Raises:
        ArchiveUnreadable: cut off, not of the schema, with too many fields, or written
            in a way that another reader may understand otherwise; names the byte.
    """
    return _Reader(content=memoryview(content)).message(schema, 0, len(content))


def encode(value: Mapping[str, Any], schema: Schema) -> bytes:
    """Write a message, its fields in the order of the schema.

    Args:
        value: of the form that :func:`decode` gives.
        schema: has a rule for each of its fields.
    """
    out = bytearray()
    for name, rule in schema.rules.items():
        if name in value:
            several = value[name] if rule.repeated else (value[name],)
            for one in several:
                out += varint_bytes(rule.tag) + _value_bytes(one, rule)
    assert value.keys() <= schema.rules.keys(), value.keys()
    return bytes(out)


def _value_bytes(value: Any, rule: FieldRule) -> bytes:
    if rule.wire == VARINT:
        return varint_bytes(int(value) % _ALL_BITS)
    if rule.wire in _WORDS:
        return _WORDS[rule.wire].pack(value)
    content = value.encode() if rule.inner is None else encode(value, rule.inner)
    return varint_bytes(len(content)) + content


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one message with all that is in it, and counts the fields."""

    content: memoryview
    fields: int = 0

    def message(self, schema: Schema, at: int, end: int) -> Message:
        start = at
        found: Message = {}
        readers: Mapping[int, Callable[..., tuple[Any, int]]] = {
            VARINT: self._number,
            WORD32: self._word,
            WORD64: self._word,
            BYTES: self._bytes,
        }
        # a slice that ends where the message ends: nothing is read beyond it
        inside = self.content[:end]
        while at < end:
            begin = at
            tag, at = read_varint(inside, at, what="tag")
            known = schema.by_tag.get(tag)
            if known is None:
                raise ArchiveUnreadable(
                    f"byte {begin}: field {tag >> 3} of wire type {tag & 7}",
                    expected=f"a field of {schema.what}",
                )
            name, rule = known
            self._count(begin)
            value, at = readers[rule.wire](inside, at, rule)
            if rule.repeated:
                found.setdefault(name, []).append(value)
            elif name in found:
                raise ArchiveUnreadable(
                    f"byte {begin}: {name} of {schema.what}",
                    expected="one value",
                    got="a second one",
                )
            else:
                found[name] = value
        for name, rule in schema.rules.items():
            if rule.required and name not in found:
                raise ArchiveUnreadable(f"byte {start}: {schema.what} without {name}")
        return found

    def _count(self, at: int) -> None:
        self.fields += 1
        if self.fields > MAX_FIELDS:
            raise ArchiveUnreadable(
                f"byte {at}: fields of the message",
                expected=f"at most {MAX_FIELDS}",
                got="more",
            )

    def _number(self, inside: memoryview, at: int, rule: FieldRule) -> tuple[int, int]:
        begin = at
        value, at = read_varint(inside, at)
        if value >= _SIGN:
            value -= _ALL_BITS
        if not rule.least <= value <= rule.most:
            raise ArchiveUnreadable(
                f"byte {begin}: field {rule.number}",
                expected=f"a number from {rule.least} to {rule.most}",
                got=value,
            )
        return value, at

    def _word(self, inside: memoryview, at: int, rule: FieldRule) -> tuple[float, int]:
        word = _WORDS[rule.wire]
        _demand_room(inside, at, word.size, rule)
        return word.unpack_from(inside, at)[0], at + word.size

    def _bytes(self, inside: memoryview, at: int, rule: FieldRule) -> tuple[Any, int]:
        size, at = read_varint(inside, at, what="length")
        _demand_room(inside, at, size, rule)
        end = at + size
        if rule.inner is not None:
            return self.message(rule.inner, at, end), end
        try:
            return str(inside[at:end], "utf-8"), end
        except UnicodeDecodeError as error:
            raise ArchiveUnreadable(
                f"byte {at + error.start}: a name", expected="UTF-8"
            ) from error


def _demand_room(inside: memoryview, at: int, size_bytes: int, rule: FieldRule) -> None:
    left_bytes = len(inside) - at
    if size_bytes > left_bytes:
        raise ArchiveUnreadable(
            f"byte {at}: field {rule.number} is cut off",
            expected=f"{size_bytes} bytes",
            got=f"{left_bytes} left",
        )
