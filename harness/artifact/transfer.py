"""Copies what a source serves into a file, or says why that could not be done.

Whether the bytes are the right ones is judged elsewhere, in ``refusal``.
"""

from __future__ import annotations

import hashlib
import logging
import stat
import urllib.error
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from harness.artifact.cache_entry import Content, writing_cache
from harness.artifact.sources import Source
from harness.artifact.web.answer import Answer, open_address
from harness.artifact.web.failure import (
    RANGE_NOT_SATISFIABLE,
    SOURCE_ERRORS,
    Stopped,
    TransferFailure,
    failure_of,
)
from harness.artifact.web.pace import Pace
from harness.printable import printable

CHUNK_BYTES = 1 << 18

LOGGER = logging.getLogger(__name__)


class Progress(Protocol):
    """Called as bytes arrive; starts again from a small number with each new try."""

    def __call__(self, done_bytes: int, total_bytes: int | None) -> None:
        """Take the bytes so far, and all of them where the source says how many."""


def receive(
    source: Source,
    into: Path,
    *,
    timeout_s: float,
    largest_bytes: int,
    pace: Pace,
    progress: Progress | None,
    resume: bool = False,
) -> Content | TransferFailure:
    """Copy what a source serves into a file and return what the bytes are.

    Args:
        source: the address to read.
        into: the file to write; its old content is lost, unless ``resume`` is set.
        timeout_s: the longest silence to bear.
        largest_bytes: where an endless answer is cut off.
        pace: of this and all other tries of the source.
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
            answer = opened.enter_context(_open(source, timeout_s, held_bytes, pace))
        except SOURCE_ERRORS as error:
            if _is_beyond_the_end(error):
                with writing_cache(into):
                    file.truncate(0)  # another file than the one that was begun
            return failure_of(error)
        digest = hashlib.sha256()
        if held_bytes:
            LOGGER.info(
                "%s: %d bytes are there, gone on from byte %d",
                printable(source.address),
                held_bytes,
                answer.first_byte,
            )
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


@contextmanager
def _open(
    source: Source, timeout_s: float, held_bytes: int, pace: Pace
) -> Iterator[Answer]:
    if not source.is_local:
        with open_address(
            source.address, held_bytes=held_bytes, silence_s=timeout_s, pace=pace
        ) as answer:
            yield answer
        return
    mode = source.path.stat().st_mode  # before it is opened: a pipe would hang
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise Stopped("a device or a pipe, not a file")
    with source.path.open("rb") as stream:
        total_bytes = source.path.stat().st_size
        first_byte = stream.seek(held_bytes if held_bytes <= total_bytes else 0)
        yield Answer(
            pieces=iter(lambda: stream.read(CHUNK_BYTES), b""),
            first_byte=first_byte,
            total_bytes=total_bytes,
        )


def _is_beyond_the_end(error: Exception) -> bool:
    return (
        isinstance(error, urllib.error.HTTPError)
        and error.code == RANGE_NOT_SATISFIABLE
    )


def _keep_start(file: IO[bytes], kept_bytes: int, digest: Any) -> None:
    """Leave the file with its first bytes alone, and digested."""
    while file.tell() < kept_bytes:
        digest.update(file.read(min(CHUNK_BYTES, kept_bytes - file.tell())))
    file.truncate()


def _copy(
    answer: Answer,
    digest: Any,
    file: IO[bytes],
    *,
    into: Path,
    largest_bytes: int,
    progress: Progress | None,
) -> Content | TransferFailure:
    done_bytes, total_bytes = answer.first_byte, answer.total_bytes
    if total_bytes is not None and total_bytes > largest_bytes:
        return _too_large(largest_bytes)
    while True:
        try:  # around the reading alone: a caller's progress may fail in its own name
            chunk = next(answer.pieces, b"")
        except SOURCE_ERRORS as error:
            return failure_of(error)
        if not chunk:
            break
        done_bytes += len(chunk)
        if done_bytes > largest_bytes:
            return _too_large(largest_bytes)
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


def _too_large(largest_bytes: int) -> TransferFailure:
    return TransferFailure(reason=f"more than {largest_bytes} bytes", may_pass=False)
