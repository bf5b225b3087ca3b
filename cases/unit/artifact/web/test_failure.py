from __future__ import annotations

import http.client
import io
import ssl
from email.message import Message
from urllib.error import HTTPError, URLError

import pytest

from harness.artifact.web.failure import Stopped, TransferFailure, failure_of


@pytest.mark.parametrize(
    ("error", "reason", "may_pass"),
    [
        (URLError(TimeoutError("timed out")), "cannot connect: timed out", False),
        (URLError(ConnectionResetError("rst")), "cannot connect: rst", True),
        (ssl.SSLEOFError("eof"), "connection broke: ('eof',)", True),
        (http.client.BadStatusLine("x"), "BadStatusLine: x", False),
        (ValueError("label too long"), "ValueError: label too long", False),
        (Stopped("too slow", may_pass=True), "too slow", True),
        (URLError(Stopped("leads to this machine")), "leads to this machine", False),
    ],
    ids=[
        "no answer to a call",
        "reset while greeting",
        "TLS cut",
        "not HTTP",
        "no host name",
        "not borne with",
        "where nobody may lead",
    ],
)
def test_an_error_says_whether_another_try_helps(error, reason, may_pass):
    assert failure_of(error) == TransferFailure(reason=reason, may_pass=may_pass)


def test_what_a_server_says_is_printable_and_cut() -> None:
    said = "\x1b[2J\n::error::\u202e" + "x" * 1000
    error = HTTPError("http://h/x", 404, said, Message(), io.BytesIO())

    reason = failure_of(error).reason
    assert reason.startswith(r"HTTP 404 \x1b[2J ::error::\u202exxx")
    assert reason.endswith(" more characters")
    assert len(reason) < 400
