"""The bytes of a JPEG in, whether they reach its end mark out.

Decoders differ about a JPEG that was cut short: some refuse it, some paint the rest
grey and say nothing. Whether one is whole must not depend on which is installed.
"""

from __future__ import annotations

import re

START, END = b"\xff\xd8", b"\xff\xd9"  # SOI and EOI  # ITU-T T.81, table B.1

#: The next mark that ends the image or has a length. The others are stuffed data, TEM,
#: RST0 to RST7, SOI and filling: 8 MB of them are no 8 million steps.
MARK = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")


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
    while mark := MARK.search(content, place):
        if mark[0] == END:
            return False
        # The length counts itself.
        length = int.from_bytes(content[mark.end() : mark.end() + 2], "big")
        place = mark.end() + max(length, 2)
    return True
