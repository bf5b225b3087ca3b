"""Reads the entries of a tar; no header takes more memory than an honest one.

Python's ``tarfile`` reads as many bytes as a header announces, and a header may
announce any number: 1 MB of tar.gz took 1 GB. Here it only decodes single blocks of 512
bytes.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.artifact.archive.entry import (
    CHUNK_BYTES,
    Entry,
    damaged,
    distrusted,
    naming_damage,
    shown,
)
from harness.errors import located

BLOCK_BYTES = tarfile.BLOCKSIZE
END_MARK = bytes(BLOCK_BYTES)
#: Honest headers of a long name or of PAX are below 2 kB.
LONGEST_EXTENSION_BYTES = 4096
#: Of one entry: a long name, a long target, PAX's and PAX's for all, and itself.
MAX_HEADERS = 5
LARGEST_BYTES = (1 << 63) - 1  # no file is larger

LONG_NAME, LONG_TARGET = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
PAX_OF_ALL = tarfile.XGLTYPE
EXTENSIONS = (LONG_NAME, LONG_TARGET, *PAX, PAX_OF_ALL)
#: The start of PAX's words for a file with holes, and all that GNU tar has of them.
SPARSE = "GNU.sparse."

DESCRIBED = {
    tarfile.SYMTYPE: "symbolic link",
    tarfile.LNKTYPE: "hard link",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "pipe",
    tarfile.GNUTYPE_SPARSE: "sparse file",
    tarfile.DIRTYPE: "folder",
    tarfile.REGTYPE: "regular file",
    tarfile.AREGTYPE: "regular file",
}


@dataclass(slots=True)
class _Extended:
    """What the headers before an entry say of it."""

    name: str | None = None
    size_bytes: int | None = None
    is_sparse: bool = False


@dataclass(slots=True)
class _Tar:
    """A place in the stream."""

    stream: io.BufferedIOBase
    at: int = 0  # byte of the next header

    def block(self) -> bytes:
        """Return the next block, perhaps cut short."""
        self.stream.seek(self.at)
        block = self.stream.read(BLOCK_BYTES)
        self.at += BLOCK_BYTES
        return block

    def extension(self, size_bytes: int) -> bytes:
        """Return what an extended header announced."""
        if not 0 <= size_bytes <= LONGEST_EXTENSION_BYTES:
            raise distrusted(
                "an extended header",
                f"at most {LONGEST_EXTENSION_BYTES} bytes",
                size_bytes,
            )
        content = self.stream.read(size_bytes)
        if len(content) < size_bytes:
            raise damaged(f"{size_bytes} bytes of a header", "the end of the file")
        self.at += _blocks_bytes(size_bytes)
        return content


def read_tar(stream: io.BufferedIOBase) -> Iterator[Entry]:
    """Yield the entries of a tar in its own order.

    Raises:
        ArchiveUnreadable: the list of entries is damaged, or a header is longer than
            any honest one or says what none does.
    """
    tar, place = _Tar(stream), "first entry"
    while True:
        with located(place), naming_damage():
            entry = _next_entry(tar)
        if entry is None:
            return
        place = f"after {shown(entry.name)}"
        yield entry


def _next_entry(tar: _Tar) -> Entry | None:
    extended = _Extended()
    for number in range(MAX_HEADERS):
        block = tar.block()
        if block == END_MARK and number == 0:
            return None
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            got = f"{block[:16]!r}" if block else "the end of the file"
            raise damaged("another entry or the end mark", got) from error
        if header.type in EXTENSIONS:
            _extend(extended, header.type, tar.extension(header.size))
        else:
            return _entry_of(tar, header, extended)
    raise distrusted(
        "too many headers of one entry", f"at most {MAX_HEADERS}", "another"
    )


def _extend(extended: _Extended, kind: bytes, content: bytes) -> None:
    if kind == LONG_NAME:
        extended.name = content.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    elif kind in PAX:
        words = read_pax(content)
        extended.name = words.get("path", extended.name)
        if "size" in words:
            extended.size_bytes = _pax_size(words["size"])
        extended.is_sparse |= any(one.startswith(SPARSE) for one in words)
    elif kind == PAX_OF_ALL:
        odd = [one for one in read_pax(content) if one in ("path", "size")]
        if odd:
            raise distrusted("a header of all entries", "no name and no size", odd[0])


def read_pax(content: bytes) -> dict[str, str]:
    """Return the words of a PAX header: lines of ``<length> <word>=<value>``.

    Raises:
        ArchiveUnreadable: a line is not that long, or is none.
    """
    words: dict[str, str] = {}
    at = 0
    while at < len(content):
        # No more digits than the longest header needs: to convert many takes long.
        space = content.find(b" ", at, at + len(str(LONGEST_EXTENSION_BYTES)) + 1)
        digits = content[at : max(space, at)]
        end = at + int(digits) if digits.isdigit() else -1
        word, equals, value = content[space + 1 : max(end - 1, 0)].partition(b"=")
        if not equals or content[end - 1 : end] != b"\n":
            raise distrusted(
                "a PAX header", "lines that are as long as they say", content[at:][:20]
            )
        words[word.decode("utf-8", "replace")] = value.decode(
            "utf-8", "surrogateescape"
        )
        at = end
    return words


def _pax_size(text: str) -> int:
    is_size = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_BYTES))
    if not is_size or int(text) > LARGEST_BYTES:
        raise distrusted("a size", f"0 to {LARGEST_BYTES}", shown(text))
    return int(text)


def _entry_of(tar: _Tar, header: tarfile.TarInfo, extended: _Extended) -> Entry:
    size_bytes = header.size if extended.size_bytes is None else extended.size_bytes
    if size_bytes < 0:  # the fields of numbers have a sign
        raise distrusted("a size", f"0 to {LARGEST_BYTES}", size_bytes)
    kind: Literal["file", "folder", "other"] = "other"
    described = DESCRIBED.get(header.type, f"entry of type {header.type!r}")
    if extended.is_sparse:
        described = "sparse file"
    elif described == "folder":
        kind = "folder"
    elif described == "regular file":
        kind = "file"
    begin = tar.at
    # Links, devices and folders have no data, whatever size they state.
    if header.isreg() or header.type not in tarfile.SUPPORTED_TYPES:
        tar.at += _blocks_bytes(size_bytes)
    return Entry(
        name=header.name if extended.name is None else extended.name,
        kind=kind,
        described=described,
        claimed_bytes=size_bytes,
        chunks=lambda: _chunks(tar.stream, begin, size_bytes),
    )


def _chunks(stream: io.BufferedIOBase, begin: int, size_bytes: int) -> Iterator[bytes]:
    left_bytes = size_bytes
    with naming_damage():
        stream.seek(begin)
    while left_bytes:
        with naming_damage():
            chunk = stream.read(min(CHUNK_BYTES, left_bytes))
        if not chunk:
            raise damaged(f"{size_bytes} bytes", f"{size_bytes - left_bytes}")
        left_bytes -= len(chunk)
        yield chunk


def _blocks_bytes(size_bytes: int) -> int:
    """Return the size filled up to whole blocks."""
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES
