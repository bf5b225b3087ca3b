"""Reads the entries of an archive, one after the other, whatever its kind.

The first bytes of a file say which kind it is: names and headers can lie. What an
archive claims is not believed either: a tar whose list of entries just stops is
damaged, and a stream that unpacks without end is cut off.
"""

from __future__ import annotations

import gzip
import io
import logging
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.artifact.archive.entry import (
    CHUNK_BYTES,
    Entry,
    distrusted,
    naming_damage,
)
from harness.artifact.archive.tar_entries import read_tar
from harness.artifact.archive.zip_entries import read_zip
from harness.errors import ArchiveUnreadable, located
from harness.printable import printable

LOGGER = logging.getLogger(__name__)

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

#: Behind a gzip; tapes pad to their blocks.
PADDING_BYTES = 1 << 16

#: What a tar spends on one entry besides its data: a header and padding, or with a
#: long name two headers more and the name. A block has 512 bytes.
ENTRY_OVERHEAD_BYTES = 3072
END_BYTES = 10240  # tar fills its last record up to this


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an archive may unpack to."""

    #: Files and folders, those that names imply counted.
    entries: int = 20_000  # the published checkpoints have up to 459  # zoo-spec 3.6
    total_bytes: int = 4 << 30  # theirs are near 0.2 GB
    ratio: float = 200.0  # unpacked to packed; float32 weights do not reach 10
    ratio_free_bytes: int = 1 << 20  # so much may come out at any ratio

    def room_bytes(self, packed_bytes: int) -> int:
        """Return how many bytes an archive of that size may unpack to."""
        by_ratio = max(int(self.ratio * packed_bytes), self.ratio_free_bytes)
        return min(self.total_bytes, by_ratio)

    def stream_bytes(self, packed_bytes: int, entries: int) -> int:
        """Return how long the tar in a compressed file may be, of so many entries.

        Beyond it the stream holds more than could honestly be written.
        """
        return (
            self.room_bytes(packed_bytes) + ENTRY_OVERHEAD_BYTES * entries + END_BYTES
        )


#: For the archives of models.
LIMITS = Limits()
#: For the archives of datasets: COCO's training images are 118,287 files of 19.3 GB.
DATASET_LIMITS = Limits(entries=400_000, total_bytes=128 << 30)


def read_entries(path: Path, limits: Limits = LIMITS) -> Iterator[Entry]:
    """Yield the entries of an archive in its own order.

    Args:
        path: a tar, tar.gz or zip; its content says which.
        limits: how many entries it may have, and how far a tar.gz may unpack.

    Raises:
        ArchiveUnreadable: it is no archive, its list of entries is damaged, empty or
            too long, or its stream is.
    """
    count = 0
    for count, entry in enumerate(_entries_of(path, limits), start=1):
        if count > limits.entries:
            raise distrusted("too many entries", f"at most {limits.entries}", "more")
        yield entry
    if not count:
        raise ArchiveUnreadable(
            "an archive of nothing",
            expected="at least one entry",
            got="none",
            next_step="look at what its address serves",
        )


def find_damage(path: Path, limits: Limits = LIMITS) -> str | None:
    """Say what is wrong with an archive's structure, or None; reads no tar's data."""
    try:
        for _ in read_entries(path, limits):
            pass
    except ArchiveUnreadable as error:
        return str(error)
    return None


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


def _entries_of(path: Path, limits: Limits) -> Iterator[Entry]:
    if not path.is_file():  # a pipe would be waited for
        raise ArchiveUnreadable(
            "not an archive", expected="a regular file", got="something else"
        )
    head = read_head(path)
    kind = kind_of(head)
    LOGGER.debug("%s: its first bytes are those of %s", printable(path), kind)
    match kind:
        case "tar":
            with path.open("rb") as stream:
                yield from read_tar(stream)
        case "tar.gz":
            packed_bytes = path.stat().st_size
            _demand_little_padding(path, packed_bytes)
            with gzip.open(path) as stream:
                bounded = _Bounded(stream, limits.stream_bytes(packed_bytes, 1))
                for count, entry in enumerate(read_tar(bounded), start=2):
                    yield entry
                    bounded.longest_bytes = limits.stream_bytes(packed_bytes, count)
                with located("after the last entry"), naming_damage():
                    while bounded.read(CHUNK_BYTES):  # gzip's checksum is at its end
                        pass
        case "zip":
            yield from read_zip(path, limits.entries)
        case None if named := named_kind(head):
            raise ArchiveUnreadable(
                f"an archive packed by {named}, which is not read",
                expected="a tar, tar.gz or zip",
                got=f"a file that starts {head[:6]!r}",
                next_step="unpack it and pack it again as .tar",
            )
        case None:
            raise ArchiveUnreadable(
                "not an archive",
                expected="a tar, tar.gz or zip",
                got=f"a file that starts {head[:16]!r}",
                next_step="look at what its address serves",
            )


def _demand_little_padding(path: Path, size_bytes: int) -> None:
    """Refuse zeros behind a gzip, which it passes over one by one: 50 MB took 21 s."""
    most_bytes = PADDING_BYTES + 4  # a gzip's own length stands last, and may be 0s
    with path.open("rb") as file:
        file.seek(max(0, size_bytes - most_bytes))
        tail = file.read()
    if len(tail) == most_bytes and not any(tail):
        raise distrusted(
            "ends with zeros", f"at most {PADDING_BYTES} bytes", "more of them"
        )


class _Bounded(io.BufferedIOBase):
    """A stream that ends in a refusal where an honest one would have ended."""

    def __init__(self, stream: io.BufferedIOBase, longest_bytes: int) -> None:
        self._stream = stream
        self.longest_bytes = longest_bytes

    def read(self, size: int | None = None, /) -> bytes:
        assert size is not None  # all that is asked here
        room = self.longest_bytes - self._stream.tell()
        # One byte more than there is room for tells a full stream from a longer one.
        data = self._stream.read(min(size, room + 1))
        if len(data) > room:
            raise self._too_long()
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        assert whence == io.SEEK_SET  # all that is asked here
        if offset > self.longest_bytes:
            raise self._too_long()
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()

    def _too_long(self) -> ArchiveUnreadable:
        return distrusted(
            "unpacks to too much", f"at most {self.longest_bytes} bytes", "more"
        )
