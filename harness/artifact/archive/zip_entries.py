"""Reads the entries of a zip; what is packed in an unusual way is refused.

Python's ``zipfile`` makes an object of each entry of the list at once. So the list is
walked here first, a header at a time, and counted. A zip in which two readers could
find two lists is refused.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

from harness.artifact.archive.entry import (
    CHUNK_BYTES,
    Entry,
    damaged,
    distrusted,
    naming_damage,
    shown,
)
from harness.errors import ArchiveUnreadable, located

#: What is unpacked piece by piece. Others hold a dictionary of the size that the file
#: asks for: 3 kB of LZMA took 2.8 GB.
COMPRESSIONS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
#: APPNOTE 4.4.5
OTHER_COMPRESSIONS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz"}

#: The end of the list, without and with 64 bits, and where the latter is.
#: APPNOTE 4.3.16, 4.3.14, 4.3.15
END, END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
END_BYTES, END_64_BYTES, LOCATOR_64_BYTES = 22, 56, 20
LONGEST_COMMENT_BYTES = (1 << 16) - 1
#: An entry of the list.  # APPNOTE 4.3.12
ENTRY, ENTRY_BYTES = b"PK\x01\x02", 46
#: Name, extra fields and comment of an entry; honest ones are below 2 kB. Python takes
#: time by the square of the extra fields.
LONGEST_TEXT_BYTES = 4096


def read_zip(path: Path, most_entries: int) -> Iterator[Entry]:
    """Yield the entries of a zip in its own order.

    Raises:
        ArchiveUnreadable: the list of entries is damaged or too long, or an entry is
            compressed in an unusual way; the message names it.
    """
    with path.open("rb") as file:
        with naming_damage():
            count = count_entries(file, most_entries)
            archive = zipfile.ZipFile(file)
        with archive:
            members = archive.infolist()
            if len(members) != count:
                raise distrusted("the list of entries", f"{count}", len(members))
            for member in members:
                with located(f"entry {shown(member.filename)}"):
                    entry = _entry_of(archive, member)
                yield entry


def count_entries(file: IO[bytes], most: int) -> int:
    """Return how many entries the list of a zip has.

    Args:
        file: the zip; its place is moved.
        most: more are refused as soon as they are met.

    Raises:
        ArchiveUnreadable: there is no list, it is not where the archive says, or it has
            more entries or longer ones than any honest one.
    """
    begin, end = _find_list(file)
    file.seek(begin)
    at, count = begin, 0
    while at < end:
        header = file.read(ENTRY_BYTES)
        if len(header) < ENTRY_BYTES or not header.startswith(ENTRY):
            raise damaged("an entry in the list of entries", f"{header[:4]!r}")
        count += 1
        if count > most:
            raise distrusted("too many entries", f"at most {most}", "more")
        text_bytes = sum(struct.unpack_from("<3H", header, 28))
        if text_bytes > LONGEST_TEXT_BYTES:
            raise distrusted(
                "name and fields of an entry",
                f"at most {LONGEST_TEXT_BYTES} bytes",
                text_bytes,
            )
        file.seek(text_bytes, io.SEEK_CUR)
        at += ENTRY_BYTES + text_bytes
    return count


def _find_list(file: IO[bytes]) -> tuple[int, int]:
    """Return where the list of entries begins and ends."""
    size_bytes = file.seek(0, io.SEEK_END)
    tail_at = max(0, size_bytes - END_BYTES - LONGEST_COMMENT_BYTES)
    file.seek(tail_at)
    tail = file.read()
    # Without a comment the end is the last thing there, whatever looks like it before.
    is_last = tail[-END_BYTES:].startswith(END) and tail.endswith(b"\0\0")
    place = len(tail) - END_BYTES if is_last else tail.rfind(END)
    if place < 0 or len(tail) - place < END_BYTES:
        raise damaged("a zip with its list of entries", "none at its end")
    list_bytes, stated = struct.unpack_from("<2I", tail, place + 12)
    end = tail_at + place
    wide = _read_wide(file, end)
    if wide is not None:
        list_bytes, stated = wide
        end -= LOCATOR_64_BYTES + END_64_BYTES
    begin = end - list_bytes
    if begin != stated:
        raise distrusted("the list of entries", f"at byte {stated}", f"byte {begin}")
    return begin, end


def _read_wide(file: IO[bytes], end: int) -> tuple[int, int] | None:
    """Return size and place of the list in 64 bits, None when they are not there."""
    locator_at = end - LOCATOR_64_BYTES
    if locator_at < 0:
        return None
    file.seek(locator_at)
    locator = file.read(LOCATOR_64_BYTES)
    if not locator.startswith(LOCATOR_64):
        return None
    (stated,) = struct.unpack_from("<Q", locator, 8)
    wide_at = locator_at - END_64_BYTES
    if stated != wide_at:
        raise distrusted("the end of the list", f"at byte {stated}", f"byte {wide_at}")
    file.seek(wide_at)
    wide = file.read(END_64_BYTES)
    if not wide.startswith(END_64):
        raise damaged("the end of the list of entries", f"{wide[:4]!r}")
    list_bytes, begin = struct.unpack_from("<2Q", wide, 40)
    return int(list_bytes), int(begin)


def _entry_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    if member.compress_type not in COMPRESSIONS:
        number = member.compress_type
        raise ArchiveUnreadable(
            "compressed in a way that is not read",
            expected=" or ".join(COMPRESSIONS.values()),
            got=OTHER_COMPRESSIONS.get(number, f"method {number}"),
            next_step="unpack it and pack it again as .tar",
        )
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
        chunks=lambda: _chunks(archive, member),
    )


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with naming_damage():
        stream = archive.open(member)
    with stream:
        while True:
            with naming_damage():
                chunk = stream.read(CHUNK_BYTES)
            if not chunk:
                return
            yield chunk
