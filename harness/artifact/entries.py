"""A tar, tar.gz or zip in, its entries out, one after the other.

What an archive claims is not believed here: a tar whose list of entries just stops is
damaged, and a stream that unpacks without end is cut off.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

from harness.artifact.archive_entry import (
    CHUNK_BYTES,
    Entry,
    distrusted,
    naming_damage,
)
from harness.artifact.kind import kind_of, named_kind, read_head
from harness.artifact.tar_entries import read_tar
from harness.artifact.unpack_limits import LIMITS, Limits
from harness.artifact.zip_entries import read_zip
from harness.errors import ArchiveUnreadable, located

#: Behind a gzip; tapes pad to their blocks.
PADDING_BYTES = 1 << 16


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


def _entries_of(path: Path, limits: Limits) -> Iterator[Entry]:
    if not path.is_file():  # a pipe would be waited for
        raise ArchiveUnreadable(
            "not an archive", expected="a regular file", got="something else"
        )
    head = read_head(path)
    match kind_of(head):
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

    def read(self, size: int | None = -1, /) -> bytes:
        room = self.longest_bytes - self._stream.tell()
        # One byte more than there is room for tells a full stream from a longer one.
        data = self._stream.read(
            room + 1 if size is None or size < 0 else min(size, room + 1)
        )
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
