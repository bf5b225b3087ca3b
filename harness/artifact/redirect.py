"""An address and where its answer leads in, the next address or a refusal out."""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

from harness.artifact.failure import Stopped
from harness.printable import printable

REDIRECTS = frozenset({301, 302, 303, 307, 308})  # RFC 9110, 15.4

#: Honest chains have three: http to https, to the new place, to its nearest copy.
MOST_REDIRECTS = 10

#: What stays as it is in an address; all else is quoted.  # RFC 3986, 2.2 and 2.3
KEPT = "%/:?#[]@!$&'()*+,;=~"


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
