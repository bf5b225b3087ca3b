"""Asks whether a file is still at its address, and how large it is; no download."""

from __future__ import annotations

import stat
import urllib.error
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from harness.artifact.sources import Source
from harness.artifact.web.answer import open_address
from harness.artifact.web.failure import SOURCE_ERRORS, TransferFailure, failure_of
from harness.artifact.web.pace import Pace

#: An honest server answers such a question in a second; ten addresses may be dead.
SILENCE_S = 10.0
LONGEST_S = 30.0

#: Of a server that answers no question of this kind.  # RFC 9110, 15.5.6 and 15.6.2
NOT_ASKED_SO = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an address said of its file."""

    address: str
    state: Literal["alive", "moved", "dead"]
    leads_to: str | None = None  # another address, which has the file
    size_bytes: int | None = None  # None where the server does not tell
    reason: str | None = None  # why it is dead


def look_at(
    source: Source, *, silence_s: float = SILENCE_S, longest_s: float = LONGEST_S
) -> Link:
    """Ask an address for the head of its file.

    A server that does not answer HEAD is asked as for a download, which is then ended
    before its first byte is read.

    Args:
        source: the address.
        silence_s: the longest silence to bear.
        longest_s: the longest time for the whole answer.
    """
    try:
        if source.is_local:
            return _look_at_file(source)
        try:
            return _ask(source.address, "HEAD", silence_s, longest_s)
        except urllib.error.HTTPError as error:
            if error.code not in NOT_ASKED_SO:
                raise
            error.close()
            return _ask(source.address, "GET", silence_s, longest_s)
    except SOURCE_ERRORS as error:
        return _dead(source.address, failure_of(error))


def _ask(
    address: str, method: Literal["GET", "HEAD"], silence_s: float, longest_s: float
) -> Link:
    pace = Pace(longest_s=longest_s, least_bytes_per_s=0, window_s=longest_s)
    with open_address(
        address, held_bytes=0, silence_s=silence_s, pace=pace, method=method
    ) as answer:
        is_elsewhere = answer.address != address
        return Link(
            address=address,
            state="moved" if is_elsewhere else "alive",
            leads_to=answer.address if is_elsewhere else None,
            size_bytes=answer.total_bytes,
        )


def _look_at_file(source: Source) -> Link:
    status = source.path.stat()
    if not stat.S_ISREG(status.st_mode):
        return _dead(
            source.address, TransferFailure(reason="not a file", may_pass=False)
        )
    return Link(address=source.address, state="alive", size_bytes=status.st_size)


def _dead(address: str, failure: TransferFailure) -> Link:
    return Link(address=address, state="dead", reason=failure.reason)
