"""The first bytes of a file in, the kind of archive out: names and headers can lie."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Literal

Kind = Literal["tar", "tar.gz", "zip"]

HEAD_BYTES = 512  # one tar header; the other kinds need six bytes

#: First bytes of what is told by name and not read: to unpack it takes as much memory
#: as the file asks for.
NAMED = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
}


def kind_of(head: bytes) -> Kind | None:
    """Return the kind of archive that starts with ``head``, or None for none of ours.

    A gzip stream counts as tar.gz until somebody reads it and finds no tar inside.
    """
    if head.startswith(b"\x1f\x8b\x08"):
        return "tar.gz"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):  # first file; or no file at all
        return "zip"
    try:  # the header's checksum: tars from before ustar carry no magic word
        tarfile.TarInfo.frombuf(head[:HEAD_BYTES], "utf-8", "surrogateescape")
    except tarfile.TarError:
        return None
    return "tar"


def named_kind(head: bytes) -> str | None:
    """Return what packed a file that is not read, or None for nothing we know."""
    return next((name for one, name in NAMED.items() if head.startswith(one)), None)


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file, as many as ``kind_of`` looks at."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def is_page(head: bytes) -> bool:
    """Whether the bytes start like HTML, XML or JSON: a portal's answer, not a file."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"<", b"{")
