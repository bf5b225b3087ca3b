"""A zip in, its entries out; what is packed in an unusual way is refused."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from harness.artifact.archive_entry import (
    CHUNK_BYTES,
    Entry,
    distrusted,
    naming_damage,
)
from harness.artifact.entry_name import shown
from harness.artifact.zip_directory import count_entries
from harness.errors import ArchiveUnreadable, located

#: What is unpacked piece by piece. Others hold a dictionary of the size that the file
#: asks for: 3 kB of LZMA took 2.8 GB.
COMPRESSIONS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
#: APPNOTE 4.4.5
OTHER_COMPRESSIONS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz"}


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
