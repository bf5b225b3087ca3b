"""The bytes of a JPEG in, whether they reach its end mark out.

Decoders differ about a JPEG that was cut short: some refuse it, some paint the rest
grey and say nothing. Whether one is whole must not depend on which is installed.
"""

from __future__ import annotations

START, END = b"\xff\xd8", b"\xff\xd9"  # SOI and EOI  # ITU-T T.81, table B.1

#: Second bytes of what carries no length: stuffed data, TEM, RST0 to RST7, SOI.
LONE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})


def is_cut_jpeg(content: bytes) -> bool:
    """Whether the bytes start as a JPEG and stop before its end mark.

    What follows the mark does not matter. Other formats are never cut here: their
    decoders notice.
    """
    if not content.startswith(START):
        return False
    if content.endswith(END):
        return False
    place = len(START)
    while True:
        place = content.find(b"\xff", place)
        if place < 0 or place + 1 >= len(content):
            return True
        code = content[place + 1]
        if code == END[1]:
            return False
        if code == 0xFF:  # a byte of filling before a mark
            place += 1
        elif code in LONE:
            place += 2
        else:  # the length counts itself
            length = int.from_bytes(content[place + 2 : place + 4], "big")
            place += 2 + max(length, 2)
