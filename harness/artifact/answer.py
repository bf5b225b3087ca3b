"""An address in, its answer with the bytes of a file out; redirects are followed."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Literal
from urllib.parse import urlsplit

from harness import __version__
from harness.artifact.body import check_part, is_chunked, read_body, told_length
from harness.artifact.connection import Way
from harness.artifact.failure import Stopped
from harness.artifact.ground import Ground, Place, ground_of_host, may_lead
from harness.artifact.pace import Pace
from harness.artifact.redirect import MOST_REDIRECTS, REDIRECTS, next_address

#: How long the end of an answer is waited for behind its last byte. Honest servers
#: close at once, as they are asked to.
END_S = 0.5


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
    given_bytes = 0
    for piece in read_body(stream, length=length, chunked=chunked):
        way.pace.count(len(piece))
        given_bytes += len(piece)
        yield piece
    if length is None or given_bytes < length:
        return
    way.silence_s = min(way.silence_s, END_S)
    try:
        more = stream.read1(1)
    except OSError:  # no end within reach: nothing more came
        return
    if more:
        raise Stopped(f"more than the {length} bytes that it told of", may_pass=True)
