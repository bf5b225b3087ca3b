"""One address in, its bytes in a file out, or the reason why not.

Only the transfer is judged here: whether the bytes are the right ones is ``fetch``'s
business.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from harness import __version__
from harness.artifact.cache_entry import Content, writing_cache
from harness.artifact.progress import Progress
from harness.artifact.sources import Source

CHUNK_BYTES = 1 << 18

SOURCE_ERRORS = (OSError, http.client.HTTPException)

#: Answers that may be better a moment later.  # RFC 9110, 15.5.9 and 15.6; RFC 6585, 4
PASSING_STATUS = frozenset({408, 429, 500, 502, 503, 504})
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416  # RFC 9110, 15.3.7 and 15.5.17


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailure:
    """Why an address did not give a whole file."""

    reason: str
    may_pass: bool  # worth another try


def receive(
    source: Source,
    into: Path,
    *,
    timeout_s: float,
    largest_bytes: int,
    progress: Progress | None,
    resume: bool = False,
) -> Content | TransferFailure:
    """Copy what a source serves into a file and return what the bytes are.

    Args:
        source: the address to read.
        into: the file to write; its old content is lost, unless ``resume`` is set.
        timeout_s: the longest silence to bear.
        largest_bytes: where an endless answer is cut off.
        progress: called after each piece.
        resume: keep what the file holds already and ask for the rest of it alone. That
            both belong together is for the caller to find out. A source that cannot
            give a rest is read from the start.

    Raises:
        UsageError: the file cannot be written.
    """
    with writing_cache(into):
        held_bytes = into.stat().st_size if resume and into.exists() else 0
        file = into.open("r+b" if held_bytes else "wb", buffering=0)
    with file, ExitStack() as opened:
        try:
            answer = opened.enter_context(_open(source, timeout_s, held_bytes))
        except SOURCE_ERRORS as error:
            if _is_beyond_the_end(error):
                with writing_cache(into):
                    file.truncate(0)  # another file than the one that was begun
            return failure_of(error)
        digest = hashlib.sha256()
        if held_bytes:
            with writing_cache(into):
                _keep_start(file, answer.first_byte, digest)
        return _copy(
            answer,
            digest,
            file,
            into=into,
            largest_bytes=largest_bytes,
            progress=progress,
        )


def failure_of(error: Exception) -> TransferFailure:
    """Say what an error of the network or of a local file means for the source.

    A connection that broke may hold the next time. A host that cannot be found, refuses
    or does not take the call is left for the next source: on a machine without network
    every row would wait for it.
    """
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return TransferFailure(
            reason=" ".join(f"HTTP {error.code} {error.reason}".split()),  # one line
            may_pass=error.code in PASSING_STATUS | {RANGE_NOT_SATISFIABLE},
        )
    if isinstance(error, urllib.error.URLError):
        broke = isinstance(error.reason, ConnectionResetError)
        return TransferFailure(reason=f"cannot connect: {error.reason}", may_pass=broke)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return TransferFailure(reason="no such file", may_pass=False)
    if isinstance(error, IsADirectoryError):
        return TransferFailure(reason="a folder, not a file", may_pass=False)
    if isinstance(error, http.client.IncompleteRead):
        return TransferFailure(reason="cut short between two chunks", may_pass=True)
    if isinstance(error, TimeoutError):
        return TransferFailure(reason="fell silent", may_pass=True)
    if isinstance(error, ConnectionError | ssl.SSLEOFError):
        return TransferFailure(reason=f"connection broke: {error}", may_pass=True)
    return TransferFailure(reason=f"{type(error).__name__}: {error}", may_pass=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a source gives: the bytes of a file, from one of them on."""

    stream: IO[bytes]
    first_byte: int
    total_bytes: int | None  # of the whole file


@contextmanager
def _open(source: Source, timeout_s: float, held_bytes: int) -> Iterator[_Answer]:
    if source.is_local:
        with source.path.open("rb") as stream:
            total_bytes = source.path.stat().st_size
            first_byte = stream.seek(held_bytes if held_bytes <= total_bytes else 0)
            yield _Answer(stream=stream, first_byte=first_byte, total_bytes=total_bytes)
        return
    headers = {
        "User-Agent": f"zoo-harness/{__version__}",
        "Accept-Encoding": "identity",  # the bytes of the file, as they are hashed
    }
    if held_bytes:
        headers["Range"] = f"bytes={held_bytes}-"  # RFC 9110, 14.2
    request = urllib.request.Request(  # noqa: S310 - list_sources allows http(s) only
        source.address, headers=headers
    )
    with _opener(source.address).open(request, timeout=timeout_s) as response:
        given = response.headers.get("Content-Range", "")
        is_rest = response.status == PARTIAL_CONTENT and re.match(
            rf"bytes {held_bytes}-", given
        )
        if response.status == PARTIAL_CONTENT and not is_rest:
            raise http.client.HTTPException(f"answered with {given or 'some part'!r}")
        first_byte = held_bytes if is_rest else 0
        length = response.length
        yield _Answer(
            stream=response,
            first_byte=first_byte,
            total_bytes=None if length is None else first_byte + length,
        )


def _is_beyond_the_end(error: Exception) -> bool:
    return (
        isinstance(error, urllib.error.HTTPError)
        and error.code == RANGE_NOT_SATISFIABLE
    )


def _opener(address: str) -> urllib.request.OpenerDirector:
    # Named one by one: a redirect can lead to http and https, not to a file or to ftp.
    opener = urllib.request.OpenerDirector()
    # A proxy of the surrounding network does not know a server of this machine.
    proxies: dict[str, str] | None = {} if _is_loopback(address) else None
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _keep_start(file: IO[bytes], kept_bytes: int, digest: Any) -> None:
    """Leave the file with its first bytes alone, and digested."""
    while file.tell() < kept_bytes:
        digest.update(file.read(min(CHUNK_BYTES, kept_bytes - file.tell())))
    file.truncate()


def _copy(
    answer: _Answer,
    digest: Any,
    file: IO[bytes],
    *,
    into: Path,
    largest_bytes: int,
    progress: Progress | None,
) -> Content | TransferFailure:
    done_bytes, total_bytes = answer.first_byte, answer.total_bytes
    while True:
        try:  # around the reading alone: a caller's progress may fail in its own name
            chunk = answer.stream.read(CHUNK_BYTES)
        except SOURCE_ERRORS as error:
            return failure_of(error)
        if not chunk:
            break
        done_bytes += len(chunk)
        if done_bytes > largest_bytes:
            return TransferFailure(
                reason=f"more than {largest_bytes} bytes", may_pass=False
            )
        digest.update(chunk)
        with writing_cache(into):
            rest = memoryview(chunk)
            while rest:  # an unbuffered write may take a part of it
                rest = rest[file.write(rest) :]
        if progress is not None:
            progress(done_bytes, total_bytes)
    if total_bytes is not None and done_bytes != total_bytes:
        return TransferFailure(
            reason=f"cut short: {done_bytes} of {total_bytes} bytes", may_pass=True
        )
    return Content(sha256=digest.hexdigest(), size_bytes=done_bytes)
