"""Judges where a source leads: to which address, and on whose ground that host stands.

A server of the web may not send us to a place that only we can reach: a port of this
machine, a neighbour in its network, the address where a cloud tells its secrets.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urljoin, urlsplit

from harness.artifact.web.failure import Stopped
from harness.printable import printable

REDIRECTS = frozenset({301, 302, 303, 307, 308})  # RFC 9110, 15.4

#: Honest chains have three: http to https, to the new place, to its nearest copy.
MOST_REDIRECTS = 10

#: What stays as it is in an address; all else is quoted.  # RFC 3986, 2.2 and 2.3
KEPT = "%/:?#[]@!$&'()*+,;=~"

#: An IPv4 address in the last 32 bits.  # RFC 6052, 2.1
NAT64 = IPv6Network("64:ff9b::/96")


class Ground(StrEnum):
    """Where an address lies, as a message names it."""

    PUBLIC = "the web"
    PRIVATE = "a private network"
    LINK = "this network alone"
    MACHINE = "this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a connection goes."""

    ground: Ground
    port: int


def may_lead(origin: Place, target: Place) -> bool:
    """Whether a source that was asked at one place may send us to another.

    To the web always; elsewhere only within its own ground, and on this machine only to
    its own port.
    """
    if target.ground is Ground.PUBLIC:
        return True
    is_same_port = origin.port == target.port
    return origin.ground is target.ground and (
        target.ground is not Ground.MACHINE or is_same_port
    )


def ground_of(ip: IPv4Address | IPv6Address) -> Ground:
    """Return where an address lies; one that holds an IPv4 address, where that does."""
    if isinstance(ip, IPv6Address):
        held = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if ip in NAT64:
            held = IPv4Address(int(ip) & 0xFFFFFFFF)
        if held is not None:
            return ground_of(held)
    is_this = isinstance(ip, IPv4Address) and ip.packed[0] == 0  # RFC 1122, 3.2.1.3
    if ip.is_loopback or ip.is_unspecified or is_this:
        return Ground.MACHINE
    if ip.is_link_local:
        return Ground.LINK
    return Ground.PUBLIC if ip.is_global and not ip.is_multicast else Ground.PRIVATE


def ground_of_host(host: str) -> Ground | None:
    """Return where a host lies, as far as its spelling tells; None for another name.

    Asks nobody. Numbers are read as the C library reads them: ``127.1``, ``0x7f000001``
    and ``2130706433`` are all this machine.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return Ground.MACHINE
    try:
        return ground_of(ip_address(name.partition("%")[0]))
    except ValueError:
        pass
    try:
        return ground_of(IPv4Address(socket.inet_aton(name)))
    except (OSError, ValueError):
        return None


def next_address(here: str, location: str | None) -> str:
    """Return the address that an answer leads to.

    Raises:
        Stopped: it leads nowhere, out of the web, from https to http, or with a
            password.
    """
    if not location:
        raise Stopped("leads on, and does not say where to")
    try:
        address = urljoin(here, quote(location, safe=KEPT, encoding="latin-1"))
        parts = urlsplit(address)
        known, _ = parts.hostname, parts.port
    except ValueError:
        raise Stopped(f"leads to {printable(location)}, no address") from None
    if parts.scheme not in ("http", "https") or not known:
        raise Stopped(
            f"leads to {printable(location)}; only http and https are followed"
        )
    if "@" in parts.netloc:
        raise Stopped("leads to an address with a user or a password")
    if urlsplit(here).scheme == "https" and parts.scheme == "http":
        raise Stopped(f"leads from https to http, {printable(location)}")
    return address
