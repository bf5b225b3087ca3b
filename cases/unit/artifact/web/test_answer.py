"""What a head may say of a body, and where a body ends."""

from __future__ import annotations

import io
import socket
from email.message import Message

import pytest

from harness.artifact.patience import Patience
from harness.artifact.web.answer import (
    LONGEST_TRAILER_BYTES,
    check_part,
    is_chunked,
    open_address,
    read_body,
    told_length,
)
from harness.artifact.web.failure import Stopped
from harness.artifact.web.pace import Pace


def head(*headers: tuple[str, str]) -> Message:
    message = Message()
    for name, value in headers:
        message[name] = value
    return message


def chunks(body: bytes) -> bytes:
    return b"".join(read_body(io.BytesIO(body), length=None, chunked=True))


@pytest.mark.parametrize("told", ["0", "00", "9" * 18])
def test_a_length_has_up_to_18_digits(told: str) -> None:
    assert told_length(head(("Content-Length", told))) == int(told)
    with pytest.raises(Stopped, match=r"a Content-Length of '9{19}', not one number"):
        told_length(head(("Content-Length", "9" * 19)))


def test_two_lengths_are_told_in_order() -> None:
    with pytest.raises(Stopped, match=r"^a Content-Length of '2, 3', not one number$"):
        told_length(head(("Content-Length", "3"), ("Content-Length", "2")))


def test_no_length_is_none() -> None:
    assert told_length(head()) is None


@pytest.mark.parametrize("told", ["", "identity", "gzip", " X-GZIP "])
def test_the_marks_of_a_packed_file_are_borne(told: str) -> None:
    assert is_chunked(head(("Content-Encoding", told))) is False


@pytest.mark.parametrize(
    ("told", "chunked"), [("", False), ("Identity", False), (" Chunked ", True)]
)
def test_a_body_comes_whole_or_in_chunks(told: str, chunked: bool) -> None:
    assert is_chunked(head(("Transfer-Encoding", told))) is chunked


@pytest.mark.parametrize("length", [None, 3])
def test_the_rest_of_a_file_ends_where_the_file_does(length: int | None) -> None:
    check_part(head(("Content-Range", "bytes 2-4/5")), 2, length)


@pytest.mark.parametrize(
    ("told", "length"),
    [
        ("bytes 2-4/5", 2),  # less than the range
        ("bytes 2-4/5", 4),  # more
        ("bytes 2-4/6", 3),  # not up to the end
        ("bytes 1-4/5", 4),  # from before
        ("bytes 2-4/" + "1" * 19, 3),
        ("", 3),
    ],
)
def test_any_other_part_is_refused(told: str, length: int) -> None:
    shown = told or "some part"
    with pytest.raises(
        Stopped, match=f"^answered with '{shown}', not with the rest from byte 2$"
    ):
        check_part(head(("Content-Range", told)), 2, length)


def test_a_body_is_held_a_quarter_of_a_mebibyte_at_a_time() -> None:
    body = io.BytesIO(bytes(600_000))
    pieces = read_body(body, length=None, chunked=False)
    assert [len(one) for one in pieces] == [262_144, 262_144, 75_712]

    pieces = read_body(io.BytesIO(bytes(600_000)), length=300_000, chunked=False)
    assert [len(one) for one in pieces] == [262_144, 37_856]


@pytest.mark.parametrize("length", [0, 2, 3, 4])
def test_no_more_is_read_than_the_length(length: int) -> None:
    body = io.BytesIO(b"abc")

    assert b"".join(read_body(body, length=length, chunked=False)) == b"abc"[:length]
    assert body.tell() == min(length, 3)


@pytest.mark.parametrize(
    "body",
    [
        b"2\r\nok\r\n0\r\n\r\n",
        b"2\nok\n0\n\n",
        b"1 \t\r\no\r\n1;a=b\r\nk\r\n0\r\n\r\n",
        b"002\r\nok\r\n0\r\n",  # hung up behind the last chunk
        b"2\r\nok\r\n0\r\na: b\r\nc: d\r\n\r\n",
    ],
)
def test_chunks_end_with_an_empty_one(body: bytes) -> None:
    assert chunks(body) == b"ok"


def test_the_size_of_a_chunk_is_hexadecimal() -> None:
    assert chunks(b"1A\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n") == b"x" * 26


@pytest.mark.parametrize(
    "body",
    [b"", b"2", b"2\r\n", b"2\r\no", b"2\r\nok", b"2\r\nok\r\n"],
    ids=["nothing", "in a size", "no data", "in data", "no end", "no last chunk"],
)
def test_chunks_that_end_early_may_be_whole_another_time(body: bytes) -> None:
    with pytest.raises(Stopped, match=r"^cut short between two chunks$") as stopped:
        chunks(body)
    assert stopped.value.failure.may_pass


def test_a_chunk_longer_than_its_size_is_for_good() -> None:
    with pytest.raises(Stopped, match=r"^a chunk that is longer than its s") as stopped:
        chunks(b"1\r\nok\r\n0\r\n\r\n")
    assert not stopped.value.failure.may_pass


@pytest.mark.parametrize("size", [b"-1", b"0x1", b"g" * 20, b"1" * 17])
def test_a_size_that_is_none_is_shown_cut(size: bytes) -> None:
    with pytest.raises(Stopped) as stopped:
        chunks(size + b"\r\n")
    shown = (size + b"\r\n")[:16]
    assert str(stopped.value) == f"a chunk of size {shown!r}"


def test_16_digits_are_a_size() -> None:
    assert chunks(b"0" * 15 + b"1\r\nx\r\n0\r\n\r\n") == b"x"


def test_the_line_of_a_size_has_a_longest_length() -> None:
    def line(length: int) -> bytes:
        return b"1;" + b"n" * (length - 4) + b"\r\n"

    assert chunks(line(256) + b"x\r\n0\r\n\r\n") == b"x"
    with pytest.raises(Stopped, match=r"^a chunk of size b'1;nnnnnnnnnnnnnn'$"):
        chunks(line(257) + b"x\r\n0\r\n\r\n")


def test_what_follows_the_last_chunk_has_a_longest_length() -> None:
    def trailer(length: int) -> bytes:
        half = length // 2
        return b"a" * (half - 1) + b"\n" + b"b" * (length - half - 1) + b"\n"

    most = LONGEST_TRAILER_BYTES - 1
    assert chunks(b"0\r\n" + trailer(most) + b"\r\n") == b""
    with pytest.raises(Stopped, match=r"^more than 65536 bytes behind its end$"):
        chunks(b"0\r\n" + trailer(most + 1) + b"\r\n")


def test_the_address_that_answered_is_told(web, good, caplog) -> None:
    web.on("/new.tar", web.gives(good))
    caplog.set_level("DEBUG", logger="harness.artifact")

    with open_address(
        web.on("/x.tar", web.leads_to("/new.tar")),
        held_bytes=0,
        silence_s=10.0,
        pace=Patience().pace(),
    ) as answer:
        assert answer.address == f"{web.base}/new.tar"
        assert answer.first_byte == 0
        assert answer.total_bytes == len(good)
    assert caplog.messages == [f"led on to {web.base}/new.tar"]


class Noting(Pace):
    """A pace that bears all, and notes what it is told."""

    def __init__(self) -> None:
        super().__init__(longest_s=1e9, least_bytes_per_s=0.0, window_s=1e9)
        self.told: list[object] = []

    def begin_head(self) -> None:
        self.told.append("head")

    def begin_body(self) -> None:
        self.told.append("body")

    def count(self, n_bytes: int) -> None:
        self.told.append(n_bytes)


def test_a_pace_is_told_of_each_head_and_of_the_body(web) -> None:
    web.on("/new.tar", web.gives(b"content"))
    pace = Noting()

    with open_address(
        web.on("/x.tar", web.leads_to("/new.tar")),
        held_bytes=0,
        silence_s=10.0,
        pace=pace,
    ) as answer:
        assert pace.told == ["head", "head", "body"]
        assert b"".join(answer.pieces) == b"content"
    assert sum(pace.told[3:]) == len(b"content")


def test_the_end_of_an_answer_is_waited_for_half_a_second(web, monkeypatch) -> None:
    def stays(handler) -> None:
        web.gives(b"content")(handler)
        handler.wfile.flush()
        handler.connection.settimeout(60)
        handler.connection.recv(1)  # until the client hangs up

    waits_s: list[float | None] = []
    settimeout = socket.socket.settimeout
    monkeypatch.setattr(
        socket.socket,
        "settimeout",
        lambda self, wait_s: waits_s.append(wait_s) or settimeout(self, wait_s),
    )

    with open_address(
        web.on("/x.tar", stays), held_bytes=0, silence_s=10.0, pace=Noting()
    ) as answer:
        assert b"".join(answer.pieces) == b"content"
    assert 0.5 in waits_s
    assert set(waits_s) <= {None, 0.5, 10.0, 60}
