from __future__ import annotations

from pathlib import Path

import pytest

from harness.artifact.link import LONGEST_S, SILENCE_S, look_at
from harness.artifact.server import serve_folder
from harness.artifact.sources import Source


def asked(address: str):
    return look_at(Source(address=address, origin="printed"), silence_s=5, longest_s=9)


def heads(**headers: str):
    """Return an answer to HEAD; a body is never sent."""

    def answer(handler):
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


@pytest.fixture
def head_web(web):
    """The misbehaving server, which answers HEAD as GET and notes which it was."""
    handler = web.server.RequestHandlerClass
    methods = []
    get = handler.do_GET

    def noting(self):
        methods.append(self.command)
        get(self)

    handler.do_GET = handler.do_HEAD = noting
    return web, methods


def test_a_file_that_is_there_is_alive_and_has_a_size(tmp_path):
    (tmp_path / "x.tar").write_bytes(bytes(1234))
    with serve_folder(tmp_path) as base:
        link = asked(f"{base}/x.tar")

    assert (link.state, link.size_bytes, link.leads_to) == ("alive", 1234, None)


def test_only_the_head_is_asked_for(head_web):
    web, methods = head_web
    link = asked(web.on("/x.tar", heads(Content_Length="9000000000")))

    assert methods == ["HEAD"]
    assert (link.state, link.size_bytes) == ("alive", 9_000_000_000)


def test_an_address_that_leads_on_has_moved(head_web):
    web, methods = head_web
    there = web.on("/new/x.tar", heads(Content_Length="5"))

    def leads_on(handler):
        handler.send_response(301)
        handler.send_header("Location", there)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    link = asked(web.on("/x.tar", leads_on))
    assert (link.state, link.leads_to, link.size_bytes) == ("moved", there, 5)
    assert methods == ["HEAD", "HEAD"]


def test_a_server_that_tells_no_size_is_alive(head_web):
    web, _ = head_web

    assert asked(web.on("/x.tar", heads())).size_bytes is None


def test_a_server_that_answers_no_head_is_asked_for_the_file(head_web):
    web, methods = head_web

    def refuses(handler):
        handler.send_error(405)

    link = asked(web.on("/x.tar", refuses, heads(Content_Length="77")))
    assert methods == ["HEAD", "GET"]
    assert (link.state, link.size_bytes) == ("alive", 77)


def test_what_is_not_there_is_dead_and_says_why(head_web):
    web, _ = head_web
    link = asked(web.base + "/none.tar")

    assert (link.state, link.size_bytes) == ("dead", None)
    assert link.reason == "HTTP 404 Not Found"


def test_a_host_that_nobody_answers_for_is_dead():
    link = asked("http://127.0.0.1:1/x.tar")

    assert link.state == "dead"
    assert link.reason.startswith("cannot connect: ")


@pytest.mark.parametrize("kind", ["file", "folder", "nothing"])
def test_a_local_address_is_looked_at_in_place(tmp_path: Path, kind: str):
    path = tmp_path / "x.tar"
    if kind == "file":
        path.write_bytes(bytes(7))
    if kind == "folder":
        path.mkdir()
    link = asked(path.as_uri())

    assert (link.state, link.size_bytes, link.reason) == {
        "file": ("alive", 7, None),
        "folder": ("dead", None, "not a file"),
        "nothing": ("dead", None, "no such file"),
    }[kind]


@pytest.mark.parametrize(
    ("status", "methods"),
    [(405, ["HEAD", "GET"]), (501, ["HEAD", "GET"]), (403, ["HEAD"])],
)
def test_only_a_method_that_is_not_known_is_asked_otherwise(head_web, status, methods):
    web, asked_by = head_web

    link = asked(web.on("/x.tar", web.says(status)))

    assert asked_by == methods
    assert (link.state, link.reason[:8]) == ("dead", f"HTTP {status}")


def test_a_host_is_waited_for_as_long_as_it_is_written():
    source = Source(address="http://127.0.0.1:1/x.tar", origin="printed")

    assert (SILENCE_S, LONGEST_S) == (10.0, 30.0)
    assert look_at(source, longest_s=0.0).reason.startswith("not done after 0 s")
