"""Reads and writes the numbers of protobuf's wire format, each in its shortest form.

A number that is longer than it needs to be, or wider than 64 bits, is one that two
readers may read in two ways: it is refused.
"""

from __future__ import annotations

from harness.errors import ArchiveUnreadable

VARINT, WORD64, BYTES, WORD32 = 0, 1, 2, 5  # wire types
MAX_NUMBER = (1 << 64) - 1


def read_varint(
    content: memoryview, at: int, *, start: int = 0, what: str = "number"
) -> tuple[int, int]:
    """Return the number at ``at`` and the offset after it.

    Raises:
        ArchiveUnreadable: it does not end, is wider than 64 bits, or not in its
            shortest form; names ``start`` plus the offset.
    """
    begin, value = at, 0
    for place in range(10):  # 64 bits in groups of 7
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            if (byte == 0 and place) or value > MAX_NUMBER:
                raise ArchiveUnreadable(
                    f"byte {start + begin}: {what}",
                    expected="64 bits at most, in as few bytes as they need",
                    got=bytes(content[begin:at]).hex(" "),
                )
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
