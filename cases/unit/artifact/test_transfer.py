from __future__ import annotations

import hashlib
import io
import os
import socket
from pathlib import Path

import pytest

from harness.artifact.cache_entry import Content
from harness.artifact.patience import Patience
from harness.artifact.sources import Source
from harness.artifact.transfer import receive
from harness.artifact.web.failure import TransferFailure
from harness.errors import UsageError


@pytest.fixture
def get(tmp_path: Path):
    def run(address: str, *, into: Path | None = None, **settings):
        settings = {"timeout_s": 10.0, "largest_bytes": 1 << 20, **settings}
        settings.setdefault("progress", None)
        settings.setdefault("pace", Patience().pace())
        source = Source(address=address, origin="printed")
        return receive(source, into or tmp_path / "got", **settings)

    return run


def content_of(data: bytes) -> Content:
    return Content(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def test_a_whole_answer_is_written_and_hashed(web, get, good, tmp_path):
    got = get(web.on("/x.tar", web.gives(good)))

    assert got == content_of(good)
    assert (tmp_path / "got").read_bytes() == good


def test_an_answer_in_chunks_is_put_together(web, get, good):
    assert get(web.on("/x.tar", web.gives_chunks(good))) == content_of(good)


def test_an_answer_without_a_length_ends_with_the_connection(web, get, good):
    assert get(web.on("/x.tar", web.gives_without_length(good))) == content_of(good)


def test_a_file_is_copied(get, good, tmp_path):
    (tmp_path / "x y.tar").write_bytes(good)

    assert get((tmp_path / "x y.tar").as_uri()) == content_of(good)


def test_a_missing_file_or_a_folder_is_a_failure(get, tmp_path):
    (tmp_path / "file").touch()
    missing = TransferFailure(reason="no such file", may_pass=False)

    assert get((tmp_path / "none.tar").as_uri()) == missing
    assert get((tmp_path / "file/x.tar").as_uri()) == missing
    assert get(tmp_path.as_uri()) == TransferFailure(
        reason="a folder, not a file", may_pass=False
    )


def test_fewer_bytes_than_promised_may_pass(web, get):
    got = get(web.on("/x.tar", web.gives(b"half", promised_bytes=8)))

    assert got == TransferFailure(reason="cut short: 4 of 8 bytes", may_pass=True)


def test_chunks_that_stop_without_an_end_may_pass(web, get, good):
    got = get(web.on("/x.tar", web.gives_chunks(good, is_whole=False)))

    assert got == TransferFailure(reason="cut short between two chunks", may_pass=True)


@pytest.mark.parametrize("after", [b"", b"some"], ids=["at once", "after some bytes"])
def test_a_reset_may_pass(web, get, after):
    got = get(web.on("/x.tar", web.resets(after)))

    assert isinstance(got, TransferFailure)
    assert got.may_pass
    assert got.reason.startswith("connection broke: ")


def test_silence_may_pass(web, get):
    def wait(handler):
        handler.rfile.read(1)  # nothing comes: until the client gives up

    got = get(web.on("/x.tar", wait), timeout_s=0.1)

    assert got == TransferFailure(reason="fell silent", may_pass=True)


@pytest.mark.parametrize(
    ("status", "may_pass"),
    [(404, False), (403, False), (410, False), (429, True), (500, True), (503, True)],
)
def test_a_refusal_names_its_status(web, get, status, may_pass):
    got = get(web.on("/x.tar", web.says(status)))

    assert isinstance(got, TransferFailure)
    assert got.reason.startswith(f"HTTP {status} ")
    assert got.may_pass is may_pass


def test_a_host_that_refuses_is_left_for_the_next_source(get):
    with socket.socket() as free:  # bound and not listening: nobody answers there
        free.bind(("127.0.0.1", 0))
        got = get(f"http://127.0.0.1:{free.getsockname()[1]}/x.tar")

    assert isinstance(got, TransferFailure)
    assert got.reason.startswith("cannot connect: ")
    assert not got.may_pass


def test_a_redirect_is_followed(web, get, good):
    web.on("/new.tar", web.gives(good))

    assert get(web.on("/x.tar", web.leads_to("/new.tar"))) == content_of(good)


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/x.tar"])
def test_a_redirect_leads_to_the_web_only(web, get, address):
    got = get(web.on("/x.tar", web.leads_to(address)))

    assert isinstance(got, TransferFailure)
    assert not got.may_pass


def test_a_proxy_is_not_asked_for_a_server_of_this_machine(web, get, good, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    assert get(web.on("/x.tar", web.gives(good))) == content_of(good)


def test_a_proxy_is_asked_for_other_hosts(web, get, good, monkeypatch):
    monkeypatch.setenv("http_proxy", web.base)
    monkeypatch.delenv("no_proxy", raising=False)
    web.on("http://models.invalid/x.tar", web.gives(good))

    assert get("http://models.invalid/x.tar") == content_of(good)


def test_an_endless_answer_is_cut_off(web, get):
    got = get(web.on("/x.tar", web.gives_chunks(bytes(5000))), largest_bytes=4999)

    assert got == TransferFailure(reason="more than 4999 bytes", may_pass=False)


def test_progress_is_told_the_bytes_so_far_and_all_of_them(web, get):
    told = []
    content = bytes(600_000)

    get(
        web.on("/x.tar", web.gives(content)),
        progress=lambda done, total: told.append((done, total)),
    )

    assert told[-1] == (600_000, 600_000)
    assert len(told) > 1
    assert told == sorted(told)


def test_progress_is_told_when_nobody_knows_the_length(web, get):
    told = []

    get(
        web.on("/x.tar", web.gives_chunks(bytes(10))),
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(10, None)]


def test_an_error_of_the_callers_progress_stays_its_own(web, get):
    def fail(done_bytes, total_bytes):
        raise BrokenPipeError("the terminal went away")

    with pytest.raises(BrokenPipeError, match="the terminal went away"):
        get(web.on("/x.tar", web.gives(b"bytes")), progress=fail)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a full device")
def test_a_full_disk_is_no_fault_of_the_source(web, get):
    with pytest.raises(
        UsageError,
        match=r"^/dev/full: the cache cannot be written; expected a folder with room "
        r"in it, got No space left on device; free some space",
    ):
        get(web.on("/x.tar", web.gives(b"bytes")), into=Path("/dev/full"))


def test_a_redirect_in_a_circle_is_one_line(web, get):
    got = get(web.on("/x.tar", web.leads_to("/x.tar")))

    assert isinstance(got, TransferFailure)
    assert got.reason == "leads on more than 10 times"
    assert len(web.requests) == 11


def test_a_file_is_copied_a_quarter_of_a_mebibyte_at_a_time(get, tmp_path):
    (tmp_path / "x.tar").write_bytes(bytes(600_000))
    told = []

    get(
        (tmp_path / "x.tar").as_uri(),
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(262_144, 600_000), (524_288, 600_000), (600_000, 600_000)]


class Stingy(io.FileIO):
    """A file that takes three bytes at a time, as a system may."""

    def write(self, data):
        return super().write(data[:3])


class StingyPath(type(Path())):
    def open(self, mode="r", buffering=-1):
        assert buffering == 0
        return Stingy(self, mode.replace("b", ""))


@pytest.mark.parametrize("begun", [b"", b"01234"])
def test_a_file_that_takes_a_part_at_a_time_gets_all(get, tmp_path, begun):
    (tmp_path / "x.tar").write_bytes(b"0123456789")
    into = StingyPath(tmp_path / "got")
    if begun:
        (tmp_path / "got").write_bytes(begun)

    got = get((tmp_path / "x.tar").as_uri(), into=into, resume=True)

    assert got == content_of(b"0123456789")
    assert (tmp_path / "got").read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    ("held", "first_byte"), [(b"01234", 5), (b"0123456789", 10), (b"01234567890", 0)]
)
def test_what_was_begun_is_kept_where_the_file_is_as_long(
    get, tmp_path, caplog, held, first_byte
):
    address = (tmp_path / "x.tar").as_uri()
    (tmp_path / "x.tar").write_bytes(b"0123456789")
    (tmp_path / "got").write_bytes(held)
    told = []
    caplog.set_level("INFO", logger="harness.artifact")

    got = get(address, resume=True, progress=lambda done, _: told.append(done))

    assert got == content_of(b"0123456789")
    assert (tmp_path / "got").read_bytes() == b"0123456789"
    assert told == ([10] if first_byte < 10 else [])
    assert caplog.messages == [
        f"{address}: {len(held)} bytes are there, gone on from byte {first_byte}"
    ]


def test_what_was_begun_is_lost_unless_it_is_asked_for(get, tmp_path, caplog):
    (tmp_path / "x.tar").write_bytes(b"new")
    (tmp_path / "got").write_bytes(b"begun before")
    caplog.set_level("INFO", logger="harness.artifact")

    assert get((tmp_path / "x.tar").as_uri()) == content_of(b"new")
    assert (tmp_path / "got").read_bytes() == b"new"
    assert caplog.messages == []


def test_the_start_is_hashed_in_pieces_and_kept_whole(get, tmp_path):
    content = bytes(range(256)) * 4000
    (tmp_path / "x.tar").write_bytes(content)
    (tmp_path / "got").write_bytes(content[:600_000])

    got = get((tmp_path / "x.tar").as_uri(), resume=True)

    assert got == content_of(content)
    assert (tmp_path / "got").read_bytes() == content


@pytest.mark.parametrize("way", ["gives", "gives_chunks"])
def test_a_file_may_be_as_long_as_the_longest(web, get, way):
    address = web.on("/x.tar", getattr(web, way)(bytes(5000)))

    assert get(address, largest_bytes=5000) == content_of(bytes(5000))
    assert get(address, largest_bytes=4999) == TransferFailure(
        reason="more than 4999 bytes", may_pass=False
    )


def test_too_long_a_file_is_not_begun(get, tmp_path):
    (tmp_path / "x.tar").write_bytes(bytes(100))

    assert get((tmp_path / "x.tar").as_uri(), largest_bytes=99) == TransferFailure(
        reason="more than 99 bytes", may_pass=False
    )
    assert (tmp_path / "got").read_bytes() == b""


def test_a_pipe_is_not_waited_for(get, tmp_path):
    os.mkfifo(tmp_path / "x.tar")

    assert get((tmp_path / "x.tar").as_uri()) == TransferFailure(
        reason="a device or a pipe, not a file", may_pass=False
    )


def test_a_start_beyond_the_end_is_thrown_away(web, get, tmp_path):
    (tmp_path / "got").write_bytes(b"longer than the file")

    got = get(web.on("/x.tar", web.says(416)), resume=True)

    assert got == TransferFailure(
        reason="HTTP 416 Requested Range Not Satisfiable", may_pass=True
    )
    assert (tmp_path / "got").read_bytes() == b""


def test_a_start_stays_where_the_answer_is_another_failure(web, get, tmp_path):
    (tmp_path / "got").write_bytes(b"begun")

    got = get(web.on("/x.tar", web.says(404)), resume=True)

    assert got == TransferFailure(reason="HTTP 404 Not Found", may_pass=False)
    assert (tmp_path / "got").read_bytes() == b"begun"
