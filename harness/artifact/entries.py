"""A tar, tar.gz or zip in, its entries out, one after the other.

What an archive claims is not believed here: a tar whose list of entries just stops is
damaged, and a stream that unpacks without end is cut off.
"""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from harness.artifact.kind import kind_of, read_head
from harness.errors import ArchiveUnreadable, located

CHUNK_BYTES = 1 << 18
#: Where a gzip stream is cut off if nobody says otherwise.
LONGEST_STREAM_BYTES = 8 << 30

DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,  # zipfile: a compression that Python does not have
    RuntimeError,  # zipfile: encrypted
    OverflowError,  # tarfile: an absurd size in a header
    MemoryError,  # tarfile: an absurd size of an extended header
    ValueError,  # tarfile: an absurd number in an extended header
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of an archive. Its bytes must be read before the next one is asked."""

    name: str  # as the archive has it: not to be trusted
    kind: Literal["file", "folder", "other"]
    described: str  # what it is, in a word: "regular file", "symbolic link", ...
    claimed_bytes: int  # what the archive says: not to be trusted
    open_bytes: Callable[[], IO[bytes]]

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes of a file, piece by piece.

        Raises:
            ArchiveUnreadable: they are damaged or cut short.
        """
        with _naming_damage():
            stream = self.open_bytes()
        with stream:
            while True:
                with _naming_damage():
                    chunk = stream.read(CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk


def read_entries(
    path: Path, *, longest_stream_bytes: int = LONGEST_STREAM_BYTES
) -> Iterator[Entry]:
    """Yield the entries of an archive in its own order.

    Raises:
        ArchiveUnreadable: it is no archive, or its list of entries is damaged.
    """
    head = read_head(path)
    match kind_of(head):
        case "tar":
            with path.open("rb") as stream:
                yield from _read_tar(stream)
        case "tar.gz":
            with gzip.open(path) as stream:
                bounded = _Bounded(stream, longest_stream_bytes)
                yield from _read_tar(bounded)
                with located("after the last entry"), _naming_damage():
                    while bounded.read(CHUNK_BYTES):  # gzip's checksum is at its end
                        pass
        case "zip":
            yield from _read_zip(path)
        case None:
            raise ArchiveUnreadable(
                "not an archive",
                expected="a tar, tar.gz or zip",
                got=f"a file that starts {head[:16]!r}",
                next_step="look at what its address serves",
            )


def find_damage(path: Path) -> str | None:
    """Say what is wrong with an archive's structure, or None; reads no tar's data."""
    try:
        for _ in read_entries(path):
            pass
    except ArchiveUnreadable as error:
        return str(error)
    return None


def _read_tar(stream: io.BufferedIOBase) -> Iterator[Entry]:
    with located("first entry"), _naming_damage():
        tar = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115 - closed below
    with tar:
        last = "the start"
        while True:
            with located(f"after {last}"), _naming_damage():
                member = tar.next()
            if member is None:
                break
            # Nobody asks again, and a bomb has millions. (typeshed does not know them.)
            tar.members.clear()  # type: ignore[attr-defined]
            last = repr(member.name)
            yield _tar_entry(tar, member)
        # tarfile takes a damaged header for the end of the list, and says nothing.
        with located(f"after {last}"), _naming_damage():
            stream.seek(tar.offset)
            mark = stream.read(tarfile.BLOCKSIZE)
        if mark != bytes(tarfile.BLOCKSIZE):
            with located(f"after {last}"):
                raise ArchiveUnreadable(
                    "damaged or cut short",
                    expected="another entry or the end mark",
                    got=f"{mark[:16]!r}" if mark else "the end of the file",
                    next_step="fetch it again",
                )


def _tar_entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    described = {
        tarfile.SYMTYPE: "symbolic link",
        tarfile.LNKTYPE: "hard link",
        tarfile.CHRTYPE: "device",
        tarfile.BLKTYPE: "device",
        tarfile.FIFOTYPE: "pipe",
    }.get(member.type, f"entry of type {member.type!r}")
    kind: Literal["file", "folder", "other"] = "other"
    if member.isdir():
        kind, described = "folder", "folder"
    elif member.issparse():
        described = "sparse file"
    elif member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
        kind, described = "file", "regular file"

    def open_bytes() -> IO[bytes]:
        stream = tar.extractfile(member)
        assert stream is not None  # a regular file
        return stream

    return Entry(
        name=member.name,
        kind=kind,
        described=described,
        claimed_bytes=member.size,
        open_bytes=open_bytes,
    )


def _read_zip(path: Path) -> Iterator[Entry]:
    with _naming_damage():
        archive = zipfile.ZipFile(path)
    with archive:
        for member in archive.infolist():
            yield _zip_entry(archive, member)


def _zip_entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    mode = stat.S_IFMT(member.external_attr >> 16)  # 0 where the writer kept no mode
    kind: Literal["file", "folder", "other"] = "other"
    described = "symbolic link" if mode == stat.S_IFLNK else "device or pipe"
    if member.flag_bits & 1:
        described = "encrypted file"
    elif member.is_dir() and mode in (0, stat.S_IFDIR):
        kind, described = "folder", "folder"
    elif not member.is_dir() and mode in (0, stat.S_IFREG):
        kind, described = "file", "regular file"
    return Entry(
        name=member.filename,
        kind=kind,
        described=described,
        claimed_bytes=member.file_size,
        open_bytes=lambda: archive.open(member),
    )


class _Bounded(io.BufferedIOBase):
    """A stream that ends in a refusal where an honest one would have ended."""

    def __init__(self, stream: io.BufferedIOBase, longest_bytes: int) -> None:
        self._stream = stream
        self._longest_bytes = longest_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        room = self._longest_bytes - self._stream.tell()
        # One byte more than there is room for tells a full stream from a longer one.
        data = self._stream.read(
            room + 1 if size is None or size < 0 else min(size, room + 1)
        )
        if len(data) > room:
            raise self._too_long()
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        assert whence == io.SEEK_SET  # all that tarfile uses
        if offset > self._longest_bytes:
            raise self._too_long()
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()

    def _too_long(self) -> ArchiveUnreadable:
        return ArchiveUnreadable(
            "unpacks to too much",
            expected=f"at most {self._longest_bytes} bytes",
            got="more",
            next_step="do not trust this archive",
        )


@contextmanager
def _naming_damage() -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise ArchiveUnreadable(
            "damaged or cut short",
            expected="a whole archive",
            got=f"{type(error).__name__} ({error})",
            next_step="fetch it again",
        ) from error
