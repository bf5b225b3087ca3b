"""Opens connections that are bounded in time, in length and in where they lead.

The standard library waits anew for each piece of an answer, and calls any host that it
is led to. Here each read of a socket asks the pace first, and a head has a longest
length. A host is judged by the address that is then called: a name may resolve to
another address each time.
"""

from __future__ import annotations

import http.client
import io
import socket
import urllib.request
from functools import partial
from ipaddress import ip_address
from typing import Any

from harness.artifact.web.failure import Stopped
from harness.artifact.web.pace import Pace
from harness.artifact.web.redirect import Ground, Place, ground_of, may_lead

#: Of a head: status, interim answers and headers. Servers send less than 8 KiB, and
#: the usual ones refuse to send more than 64.
LONGEST_HEAD_BYTES = 64 << 10


class Way:
    """The way to one address: what bounds it, and where it led.

    Args:
        pace: asked before each read.
        silence_s: the longest silence to bear.
        origin: the place of the address that led here; None for the first.
    """

    def __init__(self, *, pace: Pace, silence_s: float, origin: Place | None) -> None:
        self.pace = pace
        self.silence_s = silence_s
        self.origin = origin
        self.place: Place | None = None  # where it led, unless a proxy was asked
        self.asks_proxy: bool  # set before the call, by what opens the address
        self.head_bytes: int | None = 0  # so far; None once the body begins

    def call(self, address: tuple[str, int], *_: object) -> socket.socket:
        """Return a connected socket to a host and port.

        Raises:
            Stopped: the host lies where the origin may not lead.
            OSError: nobody answers.
        """
        host, port = address
        failure: Exception = OSError(f"{host} has no address")
        for family, kind, protocol, _name, place in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(min(self.silence_s, self.pace.left_s()))
                if not self.asks_proxy:
                    self._judge(ground_of(_ip_of(place)), port)
                sock.connect(place)
                if not self.asks_proxy and _ip_of(sock.getsockname()) == _ip_of(
                    sock.getpeername()
                ):
                    self._judge(Ground.MACHINE, port)  # by an address of its own
            except (OSError, Stopped) as error:
                sock.close()
                failure = error
            else:
                return sock
        raise failure

    def _judge(self, ground: Ground, port: int) -> None:
        self.place = Place(ground=ground, port=port)
        if self.origin is not None and not may_lead(self.origin, self.place):
            raise Stopped(f"leads to {ground.value}, port {port}")

    def opener(
        self, *, proxies: dict[str, str] | None
    ) -> urllib.request.OpenerDirector:
        """Return what opens the address; redirects come back as errors.

        Args:
            proxies: to ask; None for those of the environment.
        """
        # Named one by one: nothing but http and https is ever opened.
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(proxies),
            _WebHandler(self),
            _SecureHandler(self),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.UnknownHandler(),
        ):
            opener.add_handler(handler)
        return opener


def _ip_of(place: Any) -> Any:
    return ip_address(str(place[0]).partition("%")[0])


class _WatchedSocket(io.RawIOBase):
    """The bytes of a socket, within the bounds of a way."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, way: Way) -> None:
        self._raw, self._sock, self._way = raw, sock, way

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        way = self._way
        self._sock.settimeout(min(way.silence_s, way.pace.left_s()))
        try:
            n_bytes = self._raw.readinto(buffer)
        except TimeoutError:
            way.pace.left_s()  # says so if it was not the silence that ended it
            raise
        if way.head_bytes is not None:
            way.head_bytes += n_bytes or 0
            # What is read ahead of the head's end is of the body.
            if way.head_bytes > LONGEST_HEAD_BYTES + io.DEFAULT_BUFFER_SIZE:
                raise Stopped(f"a head of more than {LONGEST_HEAD_BYTES} bytes")
        return n_bytes

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(
        self, sock: socket.socket, *given: Any, way: Way, **options: Any
    ) -> None:
        super().__init__(sock, *given, **options)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_WatchedSocket(raw, sock, way))


class _Connection(http.client.HTTPConnection):
    def __init__(self, host: str, *, way: Way, **options: Any) -> None:
        super().__init__(host, **options)
        _bind(self, way)


class _SecureConnection(http.client.HTTPSConnection):
    def __init__(self, host: str, *, way: Way, **options: Any) -> None:
        super().__init__(host, **options)
        _bind(self, way)


def _bind(connection: http.client.HTTPConnection, way: Way) -> None:
    connection.response_class = partial(_Response, way=way)  # type: ignore[assignment]
    # The one place where the standard library lets its call be replaced; a test fails
    # where a Python has no such place any more.
    connection._create_connection = way.call  # type: ignore[attr-defined]


class _WebHandler(urllib.request.HTTPHandler):
    def __init__(self, way: Way) -> None:
        super().__init__()
        self._way = way

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        self._way.asks_proxy = req.has_proxy()
        return self.do_open(partial(_Connection, way=self._way), req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self, way: Way) -> None:
        super().__init__()
        self._way = way

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        # For https a proxy is asked to hand the bytes on; the request notes for whom.
        self._way.asks_proxy = bool(getattr(req, "_tunnel_host", None))
        return self.do_open(partial(_SecureConnection, way=self._way), req)
