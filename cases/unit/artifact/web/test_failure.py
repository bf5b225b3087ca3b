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


@pytest.mark.parametrize("status", [408, 416, 429, 500, 502, 503, 504])
def test_an_answer_that_may_pass_is_asked_for_again(status: int) -> None:
    error = HTTPError("http://h/x", status, "Word", Message(), io.BytesIO())

    assert failure_of(error) == TransferFailure(
        reason=f"HTTP {status} Word", may_pass=True
    )


@pytest.mark.parametrize("status", [400, 403, 404, 407, 409, 410, 415, 417, 501, 505])
def test_any_other_answer_is_for_good(status: int) -> None:
    error = HTTPError("http://h/x", status, "", Message(), io.BytesIO())

    assert failure_of(error) == TransferFailure(reason=f"HTTP {status}", may_pass=False)


@pytest.mark.parametrize(
    ("error", "reason", "may_pass"),
    [
        (FileNotFoundError(2, "no"), "no such file", False),
        (NotADirectoryError(20, "no"), "no such file", False),
        (IsADirectoryError(21, "no"), "a folder, not a file", False),
        (TimeoutError("timed out"), "fell silent", True),
        (ConnectionResetError("rst"), "connection broke: rst", True),
        (BrokenPipeError("pipe"), "connection broke: pipe", True),
        (PermissionError("mine"), "PermissionError: mine", False),
        (URLError(OSError("no route")), "cannot connect: no route", False),
        (URLError(Stopped("slow", may_pass=True)), "slow", True),
    ],
)
def test_an_error_of_a_file_or_a_connection_is_named(error, reason, may_pass) -> None:
    assert failure_of(error) == TransferFailure(reason=reason, may_pass=may_pass)


def test_an_answer_that_is_refused_is_closed() -> None:
    body = io.BytesIO(b"not found")

    failure_of(HTTPError("http://h/x", 404, "Not Found", Message(), body))

    assert body.closed
