"""Lists the addresses that may serve an archive, in the order to try them.

The mirror comes first, with the printed path and then with the paths of the known
moves; then the printed address; then the moves (design 3). Nothing is opened here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit
from urllib.request import url2pathname

from harness.errors import UsageError, ZooDataError
from harness.values.rows import Archive

SCHEMES = ("http", "https", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One address that may serve an archive."""

    address: str  # an http, https or file URL
    origin: Literal["mirror", "printed", "moved"]

    @property
    def is_local(self) -> bool:
        """Whether it is a file of this machine."""
        return self.address.startswith("file:")

    @property
    def path(self) -> Path:
        """The file behind a local address."""
        assert self.is_local
        return Path(url2pathname(urlsplit(self.address).path))


def list_sources(
    archive: Archive, *, mirror: str | None, offline: bool
) -> tuple[Source, ...]:
    """Return the addresses to try, in order, each once; offline, only local ones.

    Args:
        archive: gives the printed address and the known moves.
        mirror: what replaces scheme and host: an http, https or file URL, or a folder.
        offline: leave out every address that is not a file of this machine.

    Raises:
        UsageError: the mirror is of another kind, or holds a password or a query.
        ZooDataError: an address is not an http, https or file URL that names a file.
    """
    published = (archive.url, *archive.moves)
    for url in published:
        published_path(url)
    sources = [
        *(
            Source(address=_on_mirror(mirror, url), origin="mirror")
            for url in published
            if mirror is not None
        ),
        Source(address=archive.url, origin="printed"),
        *(Source(address=url, origin="moved") for url in archive.moves),
    ]
    first_of_address = {source.address: source for source in reversed(sources)}
    return tuple(
        source
        for source in sources
        if first_of_address[source.address] is source
        and (source.is_local or not offline)
    )


def published_path(url: str) -> str:
    """Return where an address lies below a mirror that is a folder: ``a/b/x.tar``.

    Raises:
        ZooDataError: not an http, https or file URL that names a file.
    """
    parts = _split(url)
    path = unquote(parts.path).lstrip("/")
    segments = path.split("/")
    if (
        not _is_reachable(parts)
        or "@" in parts.netloc
        or any(segment in ("", ".", "..") for segment in segments)
        or not path.isprintable()
        or "\\" in path
    ):
        raise _not_an_address(url)
    return path


def _on_mirror(mirror: str, url: str) -> str:
    path = published_path(url)
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", mirror):
        return (Path(mirror).expanduser().absolute() / path).as_uri()
    try:
        parts = urlsplit(mirror)
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(  # nothing of it is shown: it may be a secret
            "mirror",
            expected="an address without user, password, query or fragment",
            next_step="records keep the address of a source, so it must hold no secret",
        )
    if not _is_reachable(parts):
        raise UsageError(
            "mirror",
            expected="an http, https or file URL, or a folder",
            got=mirror,
        )
    query = urlsplit(url).query
    tail = f"?{query}" if query and parts.scheme != "file" else ""
    return f"{mirror.rstrip('/')}/{quote(path)}{tail}"


def _is_reachable(parts: SplitResult) -> bool:
    if parts.scheme == "file":
        return parts.netloc in ("", "localhost")
    return parts.scheme in SCHEMES and bool(parts.netloc)


def _split(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise _not_an_address(url)
    try:
        return urlsplit(url)
    except ValueError as error:
        raise _not_an_address(url) from error


def _not_an_address(url: str) -> ZooDataError:
    return ZooDataError(
        "address of an archive",
        expected="an http, https or file URL that names a file",
        got=repr(url),
        next_step="correct it in the zoo's TOML",
    )
