from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from harness.artifact.fetch import fetch_archive
from harness.artifact.server import serve_folder
from harness.errors import UsageError


def test_a_served_folder_is_a_mirror(tmp_path, good, archive_at, cache, capfd):
    path = tmp_path / "web/PaddleSlim/x.tar"
    path.parent.mkdir(parents=True)
    path.write_bytes(good)

    with serve_folder(tmp_path / "web") as base:
        got = fetch_archive(
            archive_at("http://models.invalid/PaddleSlim/x.tar", pin=good),
            cache=cache,
            mirror=base,
            offline=False,
        )

    assert got.source == f"{base}/PaddleSlim/x.tar"
    assert capfd.readouterr() == ("", "")


def test_the_server_is_of_this_machine_only(tmp_path):
    with serve_folder(tmp_path) as base:
        assert urlsplit(base).hostname == "127.0.0.1"


def test_two_servers_have_two_ports(tmp_path):
    with serve_folder(tmp_path) as first, serve_folder(tmp_path) as second:
        assert first != second


@pytest.mark.parametrize("path", ["/none.tar", "/", "/folder/", "/../secret"])
def test_what_is_no_file_of_the_folder_is_not_found(tmp_path, path):
    (tmp_path / "secret").touch()
    (tmp_path / "web/folder").mkdir(parents=True)

    with (
        serve_folder(tmp_path / "web") as base,
        pytest.raises(urllib.error.HTTPError, match="404") as refused,
    ):
        urllib.request.urlopen(base + path, timeout=10)

    refused.value.close()


def test_the_server_ends_with_its_block(tmp_path):
    before = threading.active_count()

    with serve_folder(tmp_path) as base:
        assert threading.active_count() > before

    address = urlsplit(base)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port), timeout=10)


def test_a_client_that_hangs_up_is_not_reported(tmp_path, capfd):
    (tmp_path / "x").write_bytes(bytes(8 << 20))  # more than a socket buffers
    with serve_folder(tmp_path) as base:
        address = urlsplit(base)
        for _ in range(3):
            with socket.create_connection((address.hostname, address.port)) as client:
                client.sendall(b"GET /x HTTP/1.0\r\n\r\n")
                client.recv(10)

    assert capfd.readouterr() == ("", "")


def test_a_folder_that_is_none_is_refused(tmp_path):
    with (
        pytest.raises(
            UsageError,
            match=r"/none: cannot serve it; expected a folder, got none there$",
        ),
        serve_folder(tmp_path / "none"),
    ):
        pass


def test_the_rest_of_a_file_is_served(tmp_path):
    (tmp_path / "x").write_bytes(b"0123456789")
    with serve_folder(tmp_path) as base:
        request = urllib.request.Request(f"{base}/x", headers={"Range": "bytes=7-"})
        with urllib.request.urlopen(request) as answer:
            status, given = answer.status, answer.headers["Content-Range"]
            content = answer.read()

    assert (status, given, content) == (206, "bytes 7-9/10", b"789")


def test_a_rest_beyond_the_end_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"0123456789")
    with serve_folder(tmp_path) as base:
        request = urllib.request.Request(f"{base}/x", headers={"Range": "bytes=10-"})
        with pytest.raises(urllib.error.HTTPError, match="416") as refused:
            urllib.request.urlopen(request)
        refused.value.close()


@pytest.mark.parametrize("asked", ["bytes=0-4", "bytes=-3", "lines=3-", ""])
def test_any_other_part_is_answered_with_the_whole(tmp_path, asked):
    (tmp_path / "x.tar").write_bytes(b"0123456789")
    with serve_folder(tmp_path) as base:
        request = urllib.request.Request(f"{base}/x.tar", headers={"Range": asked})
        with urllib.request.urlopen(request) as answer:
            assert (answer.status, answer.read()) == (200, b"0123456789")


def test_the_last_byte_is_a_rest(tmp_path):
    (tmp_path / "x.tar").write_bytes(b"0123456789")
    with serve_folder(tmp_path) as base:
        request = urllib.request.Request(f"{base}/x.tar", headers={"Range": "bytes=9-"})
        with urllib.request.urlopen(request) as answer:
            headers = answer.headers
            assert (headers["Content-Length"], answer.read()) == ("1", b"9")
            assert headers["Content-Type"] == "application/x-tar"


def test_the_rest_of_a_folder_is_not_found(tmp_path):
    (tmp_path / "folder").mkdir()
    with serve_folder(tmp_path) as base:
        request = urllib.request.Request(
            f"{base}/folder/", headers={"Range": "bytes=0-"}
        )
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(request)
        refused.value.close()
