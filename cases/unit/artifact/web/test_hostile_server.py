"""Servers that want to be waited for, believed, obeyed or followed to a wrong place."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import __version__
from harness.artifact.cache_entry import Content
from harness.artifact.fetch import fetch_archive
from harness.artifact.patience import Patience
from harness.artifact.sources import Source
from harness.artifact.transfer import receive
from harness.artifact.web import connection
from harness.artifact.web.failure import TransferFailure
from harness.artifact.web.pace import Pace
from harness.artifact.web.redirect import Ground
from harness.errors import ArchiveUnavailable

Got = Content | TransferFailure
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def get(tmp_path: Path) -> Callable[..., Got]:
    """Return a function: an address in, what came of asking it out."""

    def run(address: str, *, pace: Pace | None = None) -> Got:
        return receive(
            Source(address=address, origin="printed"),
            tmp_path / "got",
            timeout_s=10.0,
            largest_bytes=1 << 20,
            pace=pace or Patience().pace(),
            progress=None,
        )

    return run


def sends(*pieces: bytes) -> Callable[[Any], None]:
    """Return an answer of these very bytes."""

    def answer(handler: Any) -> None:
        for one in pieces:
            handler.wfile.write(one)

    return answer


def repeats(
    start: bytes, piece: bytes, *, wait_s: float = 0.0
) -> Callable[[Any], None]:
    """Return an answer that goes on until nobody listens any more."""

    def answer(handler: Any) -> None:
        handler.wfile.write(start)
        while True:
            handler.wfile.write(piece)
            time.sleep(wait_s)

    return answer


def hurried(**limits: float) -> Pace:
    """Return a pace whose seconds are the looks at its clock; it ends in any case."""
    given = {"longest_s": 20_000.0, "least_bytes_per_s": 0.0, "window_s": 1e9, **limits}
    return Pace(**given, clock=itertools.count().__next__)


def reason_of(got: Got) -> str:
    assert isinstance(got, TransferFailure)
    return got.reason


DRIPS = {
    "body": repeats(OK + b"Content-Length: 999999\r\n\r\n", b"x", wait_s=0.001),
    "body without a length": repeats(OK + b"\r\n", b"x", wait_s=0.001),
    "chunks": repeats(
        OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", wait_s=0.001
    ),
}


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_a_body_that_drips_is_not_waited_for(
    web: Any, get: Callable[..., Got], drip: Callable[[Any], None]
) -> None:
    got = get(
        web.on("/x.tar", drip), pace=hurried(least_bytes_per_s=1e6, window_s=20.0)
    )

    assert "too slow: " in reason_of(got)
    assert "at least 1e+06 a second are asked" in reason_of(got)


@pytest.mark.parametrize(
    "drip",
    [
        *DRIPS.values(),
        repeats(b"", b"H", wait_s=0.001),
        repeats(OK, b"x", wait_s=0.001),
        repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n", wait_s=0.001),
        repeats(
            OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n", wait_s=0.001
        ),
    ],
    ids=[*DRIPS, "status line", "header", "100 Continue", "trailer"],
)
def test_whatever_drips_ends_with_the_longest_time(
    web: Any, get: Callable[..., Got], drip: Callable[[Any], None]
) -> None:
    got = get(web.on("/x.tar", drip), pace=hurried(longest_s=30.0))

    assert reason_of(got).startswith("not done after 30 s, the longest time for one")


@pytest.mark.parametrize(
    ("flood", "reason"),
    [
        (repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "a head of more than 65536"),
        (repeats(b"", b"HTTP/1.1 100 Continue\r\na: b\r\n\r\n"), "a head of more than"),
        (repeats(OK, b"a: b\r\n"), "got more than 100 headers"),
        (repeats(OK, b"a" * 1000), "got more than 65536 bytes when reading header"),
        (repeats(OK, b"a: " + b"b" * 1000 + b"\r\n"), "a head of more than 65536 b"),
        (repeats(b"", b"a" * 1000), "got more than 65536 bytes when reading status"),
        (
            repeats(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n"),
            "more than 65536 bytes behind its end",
        ),
        (repeats(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1"), "a chunk of size"),
        (
            repeats(OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
            "a chunk of size",
        ),
    ],
)
def test_a_flood_is_cut_off(
    web: Any, get: Callable[..., Got], flood: Callable[[Any], None], reason: str
) -> None:
    assert reason in reason_of(get(web.on("/x.tar", flood)))


@pytest.mark.parametrize(("n_headers", "is_read"), [(50, True), (90, False)])
def test_a_head_has_a_longest_length(
    web: Any, get: Callable[..., Got], n_headers: int, is_read: bool
) -> None:
    headers = (b"a: " + b"b" * 995 + b"\r\n") * n_headers
    answer = sends(OK + headers + b"Content-Length: 2\r\n\r\nok")

    assert isinstance(get(web.on("/x.tar", answer)), Content) is is_read


@pytest.mark.parametrize(
    "length",
    ["-1", "+2", "2.0", "0x2", "two", "", "2, 3", "2\r\nContent-Length: 3", "٢"],
)
def test_a_length_that_is_none_is_refused(
    web: Any, get: Callable[..., Got], length: str
) -> None:
    head = OK + f"Content-Length: {length}\r\n\r\n".encode()

    assert "a Content-Length of " in reason_of(
        get(web.on("/x.tar", sends(head, b"ok")))
    )


@pytest.mark.parametrize("length", ["2", "2, 2", "2\r\nContent-Length: 2"])
def test_a_length_may_be_told_twice(
    web: Any, get: Callable[..., Got], length: str
) -> None:
    head = OK + f"Content-Length: {length}\r\n\r\n".encode()

    assert isinstance(get(web.on("/x.tar", sends(head, b"ok"))), Content)


def test_an_answer_longer_than_told_is_refused(
    web: Any, get: Callable[..., Got]
) -> None:
    answer = sends(OK + b"Content-Length: 2\r\n\r\nok and more")

    assert get(web.on("/x.tar", answer)) == TransferFailure(
        reason="more than the 2 bytes that it told of", may_pass=True
    )


def test_a_length_beyond_the_largest_is_refused_at_once(
    web: Any, get: Callable[..., Got]
) -> None:
    answer = sends(OK + b"Content-Length: 1048577\r\n\r\n")

    assert reason_of(get(web.on("/x.tar", answer))) == "more than 1048576 bytes"


@pytest.mark.parametrize("size", ["-1", "-5", "g", "", " 1", "+1", "1" * 17, "0x1"])
def test_a_chunk_of_a_wrong_size_is_refused(
    web: Any, get: Callable[..., Got], size: str
) -> None:
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = sends(head, size.encode() + b"\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n")

    assert "a chunk of size " in reason_of(get(web.on("/x.tar", answer)))


def test_a_chunk_longer_than_its_size_is_refused(
    web: Any, get: Callable[..., Got]
) -> None:
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"

    got = get(web.on("/x.tar", sends(head, b"1\r\nxx\r\n0\r\n\r\n")))

    assert reason_of(got) == "a chunk that is longer than its size"


def test_chunks_may_have_notes_and_trailers(web: Any, get: Callable[..., Got]) -> None:
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    body = b"2;note=1\r\nok\r\n0\r\nTrailer: x\r\n\r\n"

    got = get(web.on("/x.tar", sends(head, body)))

    assert isinstance(got, Content)
    assert got.size_bytes == 2


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"Content-Encoding: br", "a Content-Encoding of 'br', not the file"),
        (b"Transfer-Encoding: gzip, chunked", "a Transfer-Encoding of 'gzip, chunked'"),
    ],
)
def test_a_body_in_another_form_than_asked_is_refused(
    web: Any, get: Callable[..., Got], header: bytes, reason: str
) -> None:
    answer = sends(OK + header + b"\r\nContent-Length: 2\r\n\r\nok")

    assert reason in reason_of(get(web.on("/x.tar", answer)))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (b"206 OK\r\nContent-Range: bytes 0-1/9", "with 'bytes 0-1/9', unasked"),
        (b"206 OK", "answered with 'some part', unasked"),
        (b"204 OK", "HTTP 204, which is no file"),
        (b"203 OK", "HTTP 203, which is no file"),
    ],
)
def test_a_part_that_nobody_asked_for_is_no_file(
    web: Any, get: Callable[..., Got], status: bytes, reason: str
) -> None:
    answer = sends(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")

    assert reason in reason_of(get(web.on("/x.tar", answer)))


@pytest.mark.parametrize(
    ("told", "length", "is_read"),
    [
        ("bytes 2-3/4", "2", True),
        ("bytes 2-2/4", "1", False),
        ("bytes 2-3/4", "1", False),
        ("bytes 0-3/4", "4", False),
        ("bytes 2-3/*", "2", False),
        ("bytes 2-", "2", False),
        ("bytes 2-3/4, bytes 0-1/4", "2", False),
        ("bytes 2--3/4", "2", False),
    ],
)
def test_the_rest_that_was_asked_for_is_the_only_part_taken(
    web: Any, tmp_path: Path, told: str, length: str, is_read: bool
) -> None:
    head = f"206 OK\r\nContent-Range: {told}\r\nContent-Length: {length}\r\n\r\n"
    answer = sends(b"HTTP/1.1 " + head.encode() + b"cd"[: int(length)])
    (tmp_path / "got").write_bytes(b"ab")

    got = receive(
        Source(address=web.on("/x.tar", answer), origin="printed"),
        tmp_path / "got",
        timeout_s=10.0,
        largest_bytes=100,
        pace=Patience().pace(),
        progress=None,
        resume=True,
    )

    assert isinstance(got, Content) is is_read
    if not is_read:
        assert "not with the rest from byte 2" in reason_of(got)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 -200 OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a..b/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://h:port/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\n",
    ],
)
def test_whatever_a_server_answers_the_next_source_is_asked(
    web: Any, good: bytes, archive_at: Any, tmp_path: Path, answer: bytes
) -> None:
    archive = archive_at(
        web.on("/x.tar", sends(answer)), moves=(web.on("/moved.tar", web.gives(good)),)
    )

    got = fetch_archive(
        archive,
        cache=tmp_path,
        mirror=None,
        offline=False,
        sleep=lambda wait_s: None,
    )

    assert got.source.endswith("/moved.tar")


@pytest.mark.parametrize("is_terse", [True, False])
def test_what_a_server_says_is_told_printable(
    web: Any, archive_at: Any, tmp_path: Path, is_terse: bool
) -> None:
    hostile = b"\x1b[2J<script>|`[x](javascript:1)::error::\xe2\x80\xae\x9b"
    answer = hostile + b"\r\n" if is_terse else b"HTTP/1.1 404 " + hostile + b"\r\n\r\n"

    with pytest.raises(ArchiveUnavailable) as caught:
        fetch_archive(
            archive_at(web.on("/x.tar", sends(answer))),
            cache=tmp_path,
            mirror=None,
            offline=False,
        )
    assert str(caught.value).isprintable()
    assert r"\x1b[2J<script>" in str(caught.value)
    assert "give --mirror a folder that holds x.tar" in str(caught.value)


@pytest.fixture
def by_proxy(web: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The server as the proxy of the surrounding network: ``.invalid`` is the web."""
    monkeypatch.setenv("http_proxy", web.base)
    monkeypatch.setenv("no_proxy", "direct.invalid")
    return web


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "LOCALHOST.", "[::1]", "[::ffff:127.0.0.1]"),
        *("0.0.0.0", "[::]", "2130706433", "0x7f000001", "127.1", "0177.1"),
    ],
)
def test_the_web_does_not_lead_to_this_machine(
    by_proxy: Any, get: Callable[..., Got], host: str
) -> None:
    port = by_proxy.server.server_port
    by_proxy.on("/secret", by_proxy.gives(b"secret"))
    by_proxy.on("http://a.invalid/x", by_proxy.leads_to(f"http://{host}:{port}/secret"))

    got = get("http://a.invalid/x")

    assert reason_of(got) == f"leads to this machine, port {port}"
    assert by_proxy.requests == ["http://a.invalid/x"]


@pytest.mark.parametrize(
    ("host", "ground"),
    [
        ("10.0.0.1", "a private network"),
        ("169.254.169.254", "this network alone"),
        ("2852039166", "this network alone"),
        ("[fd00::1]", "a private network"),
    ],
)
def test_the_web_does_not_lead_into_the_network(
    by_proxy: Any, get: Callable[..., Got], host: str, ground: str
) -> None:
    by_proxy.on("http://a.invalid/x", by_proxy.leads_to(f"http://{host}/secret"))

    assert reason_of(get("http://a.invalid/x")) == f"leads to {ground}, port 80"


def test_a_name_is_judged_by_the_address_that_is_called(
    by_proxy: Any, get: Callable[..., Got], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = by_proxy.server.server_port
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *given, **options: look_up(
            "127.0.0.1" if host == "direct.invalid" else host, *given, **options
        ),
    )
    by_proxy.on("/secret", by_proxy.gives(b"secret"))
    leads = by_proxy.leads_to(f"http://direct.invalid:{port}/secret")
    by_proxy.on("http://a.invalid/x", leads)

    assert reason_of(get("http://a.invalid/x")) == (
        f"leads to this machine, port {port}"
    )
    assert isinstance(get(f"http://direct.invalid:{port}/secret"), Content)


def test_an_address_of_this_machines_own_is_this_machine(
    by_proxy: Any, get: Callable[..., Got], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = by_proxy.server.server_port
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *given, **options: look_up(
            "127.0.0.1" if host == "direct.invalid" else host, *given, **options
        ),
    )
    # As if 127.0.0.1 were what a server of the web has: an address that all can reach.
    monkeypatch.setattr(connection, "ground_of", lambda ip: Ground.PUBLIC)
    leads = by_proxy.leads_to(f"http://direct.invalid:{port}/secret")
    by_proxy.on("http://a.invalid/x", leads)

    assert reason_of(get("http://a.invalid/x")) == (
        f"leads to this machine, port {port}"
    )


def test_a_server_of_this_machine_leads_to_its_own_port_alone(
    web: Any, get: Callable[..., Got], good: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        web.on("/own", web.gives(good))
        own = get(web.on("/x.tar", web.leads_to("/own")))
        led = get(web.on("/y.tar", web.leads_to(f"http://127.0.0.1:{port}/")))
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()

    assert isinstance(own, Content)
    assert reason_of(led) == f"leads to this machine, port {port}"


def test_the_first_address_stays_the_origin_of_a_long_way(
    by_proxy: Any, get: Callable[..., Got]
) -> None:
    by_proxy.on("http://a.invalid/x", by_proxy.leads_to("http://b.invalid/x"))
    by_proxy.on("http://b.invalid/x", by_proxy.leads_to("http://127.0.0.1:22/"))

    assert reason_of(get("http://a.invalid/x")) == "leads to this machine, port 22"


@pytest.mark.parametrize(("n_redirects", "is_read"), [(10, True), (11, False)])
def test_redirects_are_counted(
    web: Any, get: Callable[..., Got], good: bytes, n_redirects: int, is_read: bool
) -> None:
    for number in range(n_redirects):
        web.on(f"/{number}", web.leads_to(f"/{number + 1}"))
    web.on(f"/{n_redirects}", web.gives(good))

    assert isinstance(get(f"{web.base}/0"), Content) is is_read


def test_another_port_of_this_machine_is_told_by_its_scheme(
    by_proxy: Any, get: Callable[..., Got]
) -> None:
    by_proxy.on("http://a.invalid/x", by_proxy.leads_to("https://127.0.0.1/secret"))
    by_proxy.on("http://b.invalid/x", by_proxy.leads_to("https://127.0.0.1:0/secret"))

    assert reason_of(get("http://a.invalid/x")) == "leads to this machine, port 443"
    assert reason_of(get("http://b.invalid/x")) == "leads to this machine, port 0"


def test_a_proxy_is_no_place_that_a_source_leads_to(
    by_proxy: Any, get: Callable[..., Got], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For https the proxy is asked to hand bytes on, which this one does not do."""
    monkeypatch.setenv("https_proxy", by_proxy.base)
    by_proxy.on("http://a.invalid/x", by_proxy.leads_to("https://b.invalid/x"))

    assert "Tunnel connection failed: 501" in reason_of(get("http://a.invalid/x"))


def test_the_next_address_of_a_host_is_called_where_one_refuses(
    web: Any, get: Callable[..., Got], good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    with socket.socket() as free:  # bound and not listening: nobody answers there
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

        def two(host: str, *given: Any, **options: Any) -> Any:
            right = look_up(host, *given, **options)
            return [(*right[0][:4], ("127.0.0.1", port)), *right]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        assert isinstance(get(web.on("/x.tar", web.gives(good))), Content)


def test_a_host_without_an_address_is_named(
    get: Callable[..., Got], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **options: [])
    monkeypatch.setenv("no_proxy", "*")

    assert reason_of(get("http://a.invalid/x")) == (
        "cannot connect: a.invalid has no address"
    )


def test_a_silence_that_takes_all_the_time_is_told_as_that(
    web: Any, get: Callable[..., Got]
) -> None:
    def waits(handler: Any) -> None:
        handler.rfile.read(1)  # nothing comes: until the client gives up

    pace = Pace(longest_s=0.2, least_bytes_per_s=0.0, window_s=1e9)

    assert reason_of(get(web.on("/x.tar", waits), pace=pace)) == (
        "not done after 0.2 s, the longest time for one source"
    )


@pytest.mark.parametrize("held", [b"", b"ab"])
def test_a_request_says_who_asks_and_for_what(
    web: Any, tmp_path: Path, held: bytes
) -> None:
    asked: list[Any] = []

    def notes(handler: Any) -> None:
        asked.append(handler.headers)
        web.gives(b"abcd")(handler)

    (tmp_path / "got").write_bytes(held)
    got = receive(
        Source(address=web.on("/x.tar", notes), origin="printed"),
        tmp_path / "got",
        timeout_s=10.0,
        largest_bytes=100,
        pace=Patience().pace(),
        progress=None,
        resume=True,
    )

    assert isinstance(got, Content)
    assert (tmp_path / "got").read_bytes() == b"abcd"
    assert asked[0]["User-Agent"] == f"zoo-harness/{__version__}"
    assert asked[0]["Accept-Encoding"] == "identity"
    assert asked[0]["Range"] == (f"bytes={len(held)}-" if held else None)
    assert asked[0]["Connection"] == "close"


def test_a_name_of_a_private_place_is_not_called(
    by_proxy: Any, get: Callable[..., Got], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *given, **options: look_up(
            "10.1.2.3" if host == "direct.invalid" else host, *given, **options
        ),
    )
    leads = by_proxy.leads_to("http://direct.invalid/secret")
    by_proxy.on("http://a.invalid/x", leads)

    assert reason_of(get("http://a.invalid/x")) == "leads to a private network, port 80"
