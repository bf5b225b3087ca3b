"""Reads and writes protobuf messages by a schema, so strictly that readers agree.

Protobuf lets a message be written in many ways, and its readers differ: what follows a
32 bit tag, which of two values holds, what an unknown field is. Here a message has the
fields of its schema alone, each number in its range and in its shortest form. What is
not repeated stands once. Everything else is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import ArchiveUnreadable
from harness.model.fluid.protobuf_schema import (
    ALL_BITS,
    BYTES,
    SIGN,
    VARINT,
    WORD32,
    WORD64,
    FieldRule,
    Schema,
)

#: Field name -> value; of a repeated field a list. A field that is not there is absent.
Message = dict[str, Any]

#: All fields of all messages in one; the largest program here has 30,125 (measured).
MAX_FIELDS = 400_000


_WORDS = {WORD32: struct.Struct("<f"), WORD64: struct.Struct("<d")}


def decode(
    content: bytes | memoryview, schema: Schema, at: int = 0, end: int | None = None
) -> Message:
    """Read a message.

    Args:
        content: holds it.
        schema: which fields it has.
        at: where it begins.
        end: where it ends; None: with the content.

    Raises:
        ArchiveUnreadable: cut off, not of the schema, with too many fields, or written
            in a way that another reader may understand otherwise; names the byte.
    """
    end = len(content) if end is None else end
    return _Reader(content=memoryview(content)).message(schema, at, end)


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
        return varint_bytes(int(value) % ALL_BITS)
    if rule.wire in _WORDS:
        return _WORDS[rule.wire].pack(value)
    content = value.encode() if rule.inner is None else encode(value, rule.inner)
    return varint_bytes(len(content)) + content


def read_varint(
    content: memoryview, at: int, *, what: str = "number"
) -> tuple[int, int]:
    """Return the number at ``at`` and the offset after it.

    Raises:
        ArchiveUnreadable: it does not end, is wider than 64 bits, or not in its
            shortest form; names the byte.
    """
    if at < len(content) and content[at] < 0x80:  # most are of one byte
        return content[at], at + 1
    begin, value = at, 0
    for place in range(10):  # 64 bits in groups of 7
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            if (byte == 0 and place) or value >= ALL_BITS:
                raise ArchiveUnreadable(
                    f"byte {begin}: {what}",
                    expected="64 bits at most, in as few bytes as they need",
                    got=bytes(content[begin:at]).hex(" "),
                )
            return value, at
    raise ArchiveUnreadable(f"byte {at}: {what} is cut off")


def varint_bytes(value: int) -> bytes:
    """Return a number of 0 or more in groups of 7 bits."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one message with all that is in it, and counts the fields."""

    content: memoryview
    fields: int = 0

    def message(self, schema: Schema, at: int, end: int) -> Message:
        start = at
        values: Message = {}
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
            read = _Reader._packed if tag != rule.tag else _READERS[rule.wire]
            value, at = read(self, inside, at, rule)
            if tag != rule.tag:
                values.setdefault(name, []).extend(value)
            elif rule.repeated:
                values.setdefault(name, []).append(value)
            elif name in values:
                raise ArchiveUnreadable(
                    f"byte {begin}: {name} of {schema.what}",
                    expected="one value",
                    got="a second one",
                )
            else:
                values[name] = value
        for name in schema.required:
            if name not in values:
                raise ArchiveUnreadable(f"byte {start}: {schema.what} without {name}")
        return values

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
        if value >= SIGN:
            value -= ALL_BITS
        if not rule.least <= value <= rule.most:
            raise ArchiveUnreadable(
                f"byte {begin}: field {rule.number}",
                expected=f"a number from {rule.least} to {rule.most}",
                got=value,
            )
        return value, at

    def _packed(
        self, inside: memoryview, at: int, rule: FieldRule
    ) -> tuple[list[int], int]:
        size, at = read_varint(inside, at, what="length")
        _demand_room(inside, at, size, rule)
        numbers, end = [], at + size
        while at < end:
            self._count(at)
            number, at = self._number(inside[:end], at, rule)
            numbers.append(number)
        return numbers, end

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


_READERS: Mapping[int, Callable[..., tuple[Any, int]]] = {
    VARINT: _Reader._number,
    WORD32: _Reader._word,
    WORD64: _Reader._word,
    BYTES: _Reader._bytes,
}


def _demand_room(inside: memoryview, at: int, size_bytes: int, rule: FieldRule) -> None:
    left_bytes = len(inside) - at
    if size_bytes > left_bytes:
        raise ArchiveUnreadable(
            f"byte {at}: field {rule.number} is cut off",
            expected=f"{size_bytes} bytes",
            got=f"{left_bytes} left",
        )
