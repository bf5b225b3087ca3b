"""Opens an address and yields the bytes of its file, following redirects.

Nothing about an answer is guessed at: a length that is no number, a part that nobody
asked for and a malformed chunk are each refused.
"""

from __future__ import annotations

import io
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import Message
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Literal
from urllib.parse import urlsplit

from harness import __version__
from harness.artifact.web.connection import Way
from harness.artifact.web.failure import Stopped
from harness.artifact.web.pace import Pace
from harness.artifact.web.redirect import (
    MOST_REDIRECTS,
    REDIRECTS,
    Ground,
    Place,
    ground_of_host,
    may_lead,
    next_address,
)
from harness.printable import printable

LOGGER = logging.getLogger(__name__)

#: How long the end of an answer is waited for behind its last byte. Honest servers
#: close at once, as they are asked to.
END_S = 0.5

PIECE_BYTES = 1 << 18

#: Of the line that gives a chunk's size; nobody sends what may follow the number.
LONGEST_SIZE_LINE_BYTES = 256

#: Of the lines behind the last chunk: as long as a head.
LONGEST_TRAILER_BYTES = 64 << 10

#: 16 hexadecimal digits hold the largest file of any system.
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")

_CUT = "cut short between two chunks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a source gives: the bytes of a file, from one of them on."""

    pieces: Iterator[bytes]
    first_byte: int
    total_bytes: int | None  # of the whole file
    address: str = ""  # that answered, where others led to it


@contextmanager
def open_address(
    address: str,
    *,
    held_bytes: int,
    silence_s: float,
    pace: Pace,
    method: Literal["GET", "HEAD"] = "GET",
) -> Iterator[Answer]:
    """Give what an http or https address answers with, and close it afterwards.

    Args:
        address: where to ask first.
        held_bytes: ask for the file from here on.
        silence_s: the longest silence to bear.
        pace: of all tries of the source.
        method: HEAD asks for the answer without its bytes.

    Raises:
        Stopped: the answer is not one to read, or leads where it must not.
        OSError: the network's own errors, and those of :mod:`http.client`.
    """
    origin: Place | None = None
    for _ in range(MOST_REDIRECTS + 1):
        way = Way(pace=pace, silence_s=silence_s, origin=origin)
        pace.begin_head()
        _check_spelling(address, origin)
        try:
            response = _ask(address, held_bytes, way, method)
        except urllib.error.HTTPError as error:
            if error.code not in REDIRECTS:
                raise
            with error:
                origin = origin or way.place or _spelled_place(address)
                address = next_address(address, error.headers.get("Location"))
            LOGGER.debug("led on to %s", printable(address))
            continue
        with response:
            yield replace(_answer_of(response, held_bytes, way), address=address)
        return
    raise Stopped(f"leads on more than {MOST_REDIRECTS} times")


def _ask(address: str, held_bytes: int, way: Way, method: str) -> HTTPResponse:
    headers = {
        "User-Agent": f"zoo-harness/{__version__}",
        "Accept-Encoding": "identity",  # the bytes of the file, as they are hashed
    }
    if held_bytes:
        headers["Range"] = f"bytes={held_bytes}-"  # RFC 9110, 14.2
    request = urllib.request.Request(  # noqa: S310 - http and https only, see opener
        address, headers=headers, method=method
    )
    # A proxy of the surrounding network does not know a server of this machine.
    is_here = ground_of_host(urlsplit(address).hostname or "") is Ground.MACHINE
    opener = way.opener(proxies={} if is_here else None)
    response: HTTPResponse = opener.open(request, timeout=way.silence_s)
    return response


def _check_spelling(address: str, origin: Place | None) -> None:
    """Refuse what the spelling of a host gives away, before a proxy is asked for it."""
    target = _spelled_place(address)
    if origin is not None and not may_lead(origin, target):
        raise Stopped(f"leads to {target.ground.value}, port {target.port}")


def _spelled_place(address: str) -> Place:
    parts = urlsplit(address)
    ground = ground_of_host(parts.hostname or "") or Ground.PUBLIC
    usual = 443 if parts.scheme == "https" else 80
    return Place(ground=ground, port=usual if parts.port is None else parts.port)


def _answer_of(response: HTTPResponse, held_bytes: int, way: Way) -> Answer:
    headers = response.headers
    way.head_bytes = None
    way.pace.begin_body()
    chunked = is_chunked(headers)
    length = None if chunked else told_length(headers)
    first_byte = 0
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        check_part(headers, held_bytes, length)
        first_byte = held_bytes
    elif response.status != HTTPStatus.OK:
        raise Stopped(f"HTTP {response.status}, which is no file")
    stream: io.BufferedReader = response.fp
    return Answer(
        pieces=_pieces(stream, length, chunked, way),
        first_byte=first_byte,
        total_bytes=None if length is None else first_byte + length,
    )


def _pieces(
    stream: io.BufferedReader, length: int | None, chunked: bool, way: Way
) -> Iterator[bytes]:
    for piece in read_body(stream, length=length, chunked=chunked):
        way.pace.count(len(piece))
        yield piece
    if length is None:
        return
    way.silence_s = min(way.silence_s, END_S)
    try:
        more = stream.read1(1)
    except OSError:  # no end within reach: nothing more came
        return
    if more:
        raise Stopped(f"more than the {length} bytes that it told of", may_pass=True)


def told_length(headers: Message) -> int | None:
    """Return the length of a body as its head has it; None where it has none.

    Raises:
        Stopped: it has no number, or two.
    """
    lengths = {
        length.strip()
        for value in headers.get_all("Content-Length", [])
        for length in str(value).split(",")
    }
    if not lengths:
        return None
    if len(lengths) > 1 or not re.fullmatch("[0-9]{1,18}", min(lengths), re.ASCII):
        shown = printable(", ".join(sorted(lengths)))
        raise Stopped(f"a Content-Length of {shown!r}, not one number")
    return int(min(lengths))


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
    part = re.fullmatch("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", given)
    first, last, total = (
        (int(number) for number in part.groups()) if part else (0, 0, 0)
    )
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
    size = _CHUNK_SIZE.fullmatch(line)
    if size is None:
        raise Stopped(f"a chunk of size {line[:16]!r}")
    return int(size[1], 16)
