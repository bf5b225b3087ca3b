"""Says why a source gave no file, and whether another try may help.

The words of a server are made printable and cut: they end on terminals and in records.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.error
from dataclasses import dataclass

from harness.printable import printable

#: What reading a source can raise for the source's own fault. ``ValueError``: a number
#: or a host name that is none.
SOURCE_ERRORS = (OSError, http.client.HTTPException, ValueError)

#: Answers that may be better a moment later.  # RFC 9110, 15.5.9 and 15.6; RFC 6585, 4
PASSING_STATUS = frozenset({408, 429, 500, 502, 503, 504})
RANGE_NOT_SATISFIABLE = 416  # RFC 9110, 15.5.17


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailure:
    """Why an address did not give a whole file."""

    reason: str
    may_pass: bool  # worth another try


class Stopped(http.client.HTTPException):
    """An answer that is not read on, and why."""

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.failure = TransferFailure(reason=reason, may_pass=may_pass)


def failure_of(error: Exception) -> TransferFailure:
    """Say what an error of the network or of a local file means for the source.

    A connection that broke may hold the next time. A host that cannot be found, refuses
    or does not take the call is left for the next source: on a machine without network
    every row would wait for it.
    """
    if isinstance(error, Stopped):
        return error.failure
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        said = printable(" ".join(str(error.reason).split()))
        return TransferFailure(
            reason=f"HTTP {error.code} {said}".rstrip(),
            may_pass=error.code in PASSING_STATUS | {RANGE_NOT_SATISFIABLE},
        )
    if isinstance(error, urllib.error.URLError):
        if isinstance(error.reason, Stopped):
            return error.reason.failure
        broke = isinstance(error.reason, ConnectionResetError)
        reason = f"cannot connect: {printable(error.reason)}"
        return TransferFailure(reason=reason, may_pass=broke)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return TransferFailure(reason="no such file", may_pass=False)
    if isinstance(error, IsADirectoryError):
        return TransferFailure(reason="a folder, not a file", may_pass=False)
    if isinstance(error, TimeoutError):
        return TransferFailure(reason="fell silent", may_pass=True)
    if isinstance(error, ConnectionError | ssl.SSLEOFError):
        reason = f"connection broke: {printable(error)}"
        return TransferFailure(reason=reason, may_pass=True)
    reason = f"{type(error).__name__}: {printable(error)}"
    return TransferFailure(reason=reason, may_pass=False)
