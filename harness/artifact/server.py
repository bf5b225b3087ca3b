"""Serves the files of a folder to this machine, by a real HTTP server."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

from harness.errors import UsageError


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve a folder's files to this machine while the block runs.

    Gives the base address, ``http://127.0.0.1:<port>``; the port is a free one.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(
            f"{folder}: cannot serve it", expected="a folder", got="none there"
        )
    handler = partial(_QuietHandler, directory=str(folder))
    with _QuietServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(
            target=partial(server.serve_forever, poll_interval=0.05),
            name=f"serving {folder}",
            daemon=True,
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up is its own witness."""


class _QuietHandler(SimpleHTTPRequestHandler):
    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Answer a request for the rest of a file with the rest of it."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if asked is None or not path.is_file():
            return super().send_head()
        first, size_bytes = int(asked[1]), path.stat().st_size
        if first >= size_bytes:
            self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return None
        file = path.open("rb")
        file.seek(first)
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header(
            "Content-Range", f"bytes {first}-{size_bytes - 1}/{size_bytes}"
        )
        self.send_header("Content-Length", str(size_bytes - first))
        self.end_headers()
        return file

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write no line per request: standard error belongs to the command."""

    def list_directory(self, path: object) -> None:  # noqa: ARG002
        """Refuse a folder: what is asked for is a file."""
        self.send_error(HTTPStatus.NOT_FOUND)
