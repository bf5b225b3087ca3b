"""Bytes of a protobuf message in, its fields out; and back, one of them changed.

Only the wire format: numbers, 32 and 64 bit words, and bytes that may be a message.
What a field means is known by whoever asks for its number.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.errors import ArchiveUnreadable

VARINT, WORD64, BYTES, WORD32 = 0, 1, 2, 5  # wire types
WORD_BYTES = {WORD64: 8, WORD32: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a message, as it lies there."""

    number: int
    wire: int
    varint: int  # its value when it is a number, else 0
    content: memoryview  # its value when it is bytes or a word, else empty
    at: int  # offset of the value in the whole
    raw: memoryview  # tag and all

    def message(self) -> memoryview:
        """Return the bytes of a sub-message or string.

        Raises:
            ArchiveUnreadable: the field is of another kind.
        """
        if self.wire != BYTES:
            raise ArchiveUnreadable(
                f"byte {self.at}: field {self.number}",
                expected="bytes",
                got=f"wire type {self.wire}",
            )
        return self.content

    def text(self) -> str:
        """Return the value of a string.

        Raises:
            ArchiveUnreadable: the field is of another kind, or not UTF-8.
        """
        try:
            return bytes(self.message()).decode()
        except UnicodeDecodeError as error:
            raise ArchiveUnreadable(
                f"byte {self.at + error.start}: a name", expected="UTF-8"
            ) from error

    def integer(self) -> int:
        """Return the value as the signed 64 bit number that it stands for.

        Raises:
            ArchiveUnreadable: the field is of another kind.
        """
        if self.wire != VARINT:
            raise ArchiveUnreadable(
                f"byte {self.at}: field {self.number}",
                expected="a number",
                got=f"wire type {self.wire}",
            )
        value = self.varint & (1 << 64) - 1
        return value - (1 << 64) if value >> 63 else value

    def integers(self) -> tuple[int, ...]:
        """Return the numbers of a repeated field, one or packed.

        Raises:
            ArchiveUnreadable: a packed number is cut off.
        """
        if self.wire == VARINT:
            return (self.integer(),)
        values, place = [], 0
        content = self.message()
        while place < len(content):
            value, place = read_varint(content, place, start=self.at)
            value &= (1 << 64) - 1
            values.append(value - (1 << 64) if value >> 63 else value)
        return tuple(values)


def read_fields(content: memoryview, start: int = 0) -> Iterator[Field]:
    """Yield the fields of a message, in order.

    Args:
        content: the message.
        start: its offset in the whole, for messages.

    Raises:
        ArchiveUnreadable: cut off, or no protobuf; names the byte.
    """
    at = 0
    while at < len(content):
        begin = at
        tag, at = read_varint(content, at, start=start, what="tag")
        number, wire = tag >> 3, tag & 7
        varint, size = 0, 0
        value_at = at
        if wire == VARINT:
            varint, at = read_varint(content, at, start=start)
        elif wire == BYTES:
            size, at = read_varint(content, at, start=start, what="length")
            value_at = at
        elif wire in WORD_BYTES:
            size = WORD_BYTES[wire]
        if number == 0 or wire not in (VARINT, BYTES, *WORD_BYTES):
            raise ArchiveUnreadable(
                f"byte {start + begin}: tag",
                expected="a field of a protobuf message",
                got=f"field {number} of wire type {wire}",
            )
        left = len(content) - at
        if size > left:
            raise ArchiveUnreadable(
                f"byte {start + at}: field {number} is cut off",
                expected=f"{size} bytes",
                got=f"{left} left",
            )
        at += size
        yield Field(
            number=number,
            wire=wire,
            varint=varint,
            content=content[value_at:at] if size else content[:0],
            at=start + value_at,
            raw=content[begin:at],
        )


def rewrite(
    content: memoryview, path: Sequence[int], change: Callable[[memoryview], bytes]
) -> bytes:
    """Return the message with every sub-message at the path changed.

    Args:
        content: the message.
        path: field numbers, outermost first.
        change: gets the bytes of such a sub-message, returns what stands there instead.
    """
    out = bytearray()
    for field in read_fields(content):
        if field.number != path[0]:
            out += field.raw
            continue
        inner = field.message()
        changed = rewrite(inner, path[1:], change) if path[1:] else change(inner)
        out += bytes_field(field.number, changed)
    return bytes(out)


def bytes_field(number: int, content: bytes) -> bytes:
    """Return a field that holds bytes, a string or a message."""
    return varint_bytes(number << 3 | BYTES) + varint_bytes(len(content)) + content


def number_field(number: int, value: int) -> bytes:
    """Return a field that holds a number, negative ones as 64 bits."""
    return varint_bytes(number << 3 | VARINT) + varint_bytes(value & (1 << 64) - 1)


def float_field(number: int, value: float) -> bytes:
    """Return a field that holds a float32."""
    return varint_bytes(number << 3 | WORD32) + struct.pack("<f", value)


def read_varint(
    content: memoryview, at: int, *, start: int = 0, what: str = "number"
) -> tuple[int, int]:
    """Return the number at ``at`` and the offset after it.

    Raises:
        ArchiveUnreadable: it does not end; names ``start`` plus the offset.
    """
    value = 0
    for place in range(10):  # 64 bits in groups of 7
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at
    raise ArchiveUnreadable(f"byte {start + at}: {what} is cut off")


def varint_bytes(value: int) -> bytes:
    """Return a number of 0 or more in groups of 7 bits."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
