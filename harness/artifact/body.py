"""The headers and the stream of an answer in, the bytes of its body out.

A length that is no length, a part that nobody asked for, a chunk of a negative size:
none is guessed at.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from email.message import Message

from harness.artifact.failure import Stopped
from harness.printable import printable

PIECE_BYTES = 1 << 18

#: Of the line that gives a chunk's size; nobody sends what may follow the number.
LONGEST_SIZE_LINE_BYTES = 256

#: Of the lines behind the last chunk: as long as a head.
LONGEST_TRAILER_BYTES = 64 << 10

#: 16 hexadecimal digits hold the largest file of any system.
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")

_CUT = "cut short between two chunks"


def told_length(headers: Message) -> int | None:
    """Return the length that a head tells of its body; None when it tells none.

    Raises:
        Stopped: it tells no number, or two.
    """
    told = {
        one.strip()
        for value in headers.get_all("Content-Length", [])
        for one in str(value).split(",")
    }
    if not told:
        return None
    if len(told) > 1 or not re.fullmatch("[0-9]{1,18}", min(told), re.ASCII):
        shown = printable(", ".join(sorted(told)))
        raise Stopped(f"a Content-Length of {shown!r}, not one number")
    return int(min(told))


def is_chunked(headers: Message) -> bool:
    """Return whether the body comes in chunks.

    Raises:
        Stopped: it comes in another way, or compressed for it: nobody asked for that.
    """
    # Servers mark a .tar.gz as gzip for the way, and send the file as it is.
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Stopped(f"a Content-Encoding of {printable(encoding)!r}, not the file")
    transfer = headers.get("Transfer-Encoding", "identity").strip().lower()
    if transfer not in ("", "identity", "chunked"):
        raise Stopped(f"a Transfer-Encoding of {printable(transfer)!r}, not chunked")
    return transfer == "chunked"


def check_part(headers: Message, held_bytes: int, length: int | None) -> None:
    """Refuse a part of a file other than the rest of it.

    Args:
        headers: of the answer.
        held_bytes: where the rest begins; 0 if none was asked for.
        length: of the body, as the head tells it.

    Raises:
        Stopped: it is another part, or none was asked for.
    """
    given = headers.get("Content-Range", "")
    if not held_bytes:
        raise Stopped(f"answered with {printable(given) or 'some part'!r}, unasked")
    found = re.fullmatch("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", given)
    first, last, total = (int(one) for one in found.groups()) if found else (0, 0, 0)
    if (first, last) != (held_bytes, total - 1) or length not in (None, total - first):
        raise Stopped(
            f"answered with {printable(given) or 'some part'!r}, not with the rest "
            f"from byte {held_bytes}"
        )


def read_body(
    stream: io.BufferedReader, *, length: int | None, chunked: bool
) -> Iterator[bytes]:
    """Yield a body piece by piece, as it arrives; fewer bytes than told just end.

    Raises:
        Stopped: the chunks are malformed or end early.
    """
    if chunked:
        yield from _read_chunks(stream)
    else:
        yield from _read_bytes(stream, length)


def _read_bytes(stream: io.BufferedReader, length: int | None) -> Iterator[bytes]:
    left = length
    while left is None or left:
        piece = stream.read1(PIECE_BYTES if left is None else min(PIECE_BYTES, left))
        if not piece:
            return
        left = None if left is None else left - len(piece)
        yield piece


def _read_chunks(stream: io.BufferedReader) -> Iterator[bytes]:
    while size_bytes := _chunk_size(stream):
        left = size_bytes
        for piece in _read_bytes(stream, size_bytes):
            left -= len(piece)
            yield piece
        if left or not (end := stream.readline(2)):
            raise Stopped(_CUT, may_pass=True)
        if end not in (b"\r\n", b"\n"):
            raise Stopped("a chunk that is longer than its size")
    trailer_bytes = 0
    while (line := stream.readline(LONGEST_TRAILER_BYTES)) not in (b"\r\n", b"\n", b""):
        trailer_bytes += len(line)
        if trailer_bytes >= LONGEST_TRAILER_BYTES:
            raise Stopped(f"more than {LONGEST_TRAILER_BYTES} bytes behind its end")


def _chunk_size(stream: io.BufferedReader) -> int:
    line = stream.readline(LONGEST_SIZE_LINE_BYTES)
    if not line.endswith(b"\n") and len(line) < LONGEST_SIZE_LINE_BYTES:
        raise Stopped(_CUT, may_pass=True)
    found = _CHUNK_SIZE.fullmatch(line)
    if found is None:
        raise Stopped(f"a chunk of size {line[:16]!r}")
    return int(found[1], 16)
