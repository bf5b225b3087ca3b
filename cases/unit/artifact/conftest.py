"""A web server that misbehaves on order, and archives to serve."""

from __future__ import annotations

import gzip
import hashlib
import io
import socket
import struct
import tarfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.values.rows import Archive

Answer = Callable[[BaseHTTPRequestHandler], None]


class Web:
    """A server on 127.0.0.1: a list of answers for each path, the last one repeated."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.requests.append(self.path)
                self.close_connection = True
                answers = web.answers[self.path]
                if not answers:
                    self.send_error(404)
                elif len(answers) > 1:
                    answers.pop(0)(self)
                else:
                    answers[0](self)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"

    def on(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.base + path

    @staticmethod
    def gives(content: bytes, *, promised_bytes: int | None = None) -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            length = len(content) if promised_bytes is None else promised_bytes
            handler.send_response(200)
            handler.send_header("Content-Length", str(length))
            handler.end_headers()
            handler.wfile.write(content)

        return answer

    @staticmethod
    def gives_without_length(content: bytes) -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(content)

        return answer

    @staticmethod
    def gives_chunks(content: bytes, *, is_whole: bool = True) -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            for start in range(0, len(content), 1000):
                piece = content[start : start + 1000]
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                handler.wfile.flush()
            if is_whole:
                handler.wfile.write(b"0\r\n\r\n")

        return answer

    @staticmethod
    def says(status: int) -> Answer:
        return lambda handler: handler.send_error(status)

    @staticmethod
    def leads_to(address: str) -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", address)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        return answer

    @staticmethod
    def resets(after: bytes = b"") -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            if after:
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(after) + 1))
                handler.end_headers()
                handler.wfile.write(after)
            linger = struct.pack("ii", 1, 0)  # close with a reset
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            handler.rfile.close()
            handler.connection.close()

        return answer

    @staticmethod
    def holds(content: bytes, reached: threading.Event, go: threading.Event) -> Answer:
        """Give half, tell, wait to be let go, give the rest."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            half = len(content) // 2
            handler.wfile.write(content[:half])
            handler.wfile.flush()
            reached.set()
            go.wait(60)
            handler.wfile.write(content[half:])

        return answer


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    with web.server:
        thread = threading.Thread(
            target=web.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        yield web
        web.server.shutdown()
        thread.join()


@pytest.fixture
def tar_of() -> Callable[[Mapping[str, bytes]], bytes]:
    """Return a function: names and contents in, the bytes of a tar out."""

    def build(files: Mapping[str, bytes]) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return out.getvalue()

    return build


@pytest.fixture
def gzip_of() -> Callable[[bytes], bytes]:
    return lambda content: gzip.compress(content, mtime=0)


@pytest.fixture
def good(tar_of: Callable[[Mapping[str, bytes]], bytes]) -> bytes:
    """The bytes of a small whole tar."""
    return tar_of({"x/conv1_weights": bytes(range(256)) * 40, "x/conv1_bias": b"12"})


@pytest.fixture
def archive_at() -> Callable[..., Archive]:
    """Return a function: an address in, an archive out, pinned to ``pin`` if given."""

    def build(url: str, *, pin: bytes | None = None, **fields: object) -> Archive:
        if pin is not None:
            fields["sha256"] = hashlib.sha256(pin).hexdigest()
            fields["size_bytes"] = len(pin)
        return Archive(name="x", url=url, **fields)  # type: ignore[arg-type]

    return build


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"
