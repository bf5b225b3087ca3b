"""What the list of a zip may say, and which of its compressions are read."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest

from harness.artifact.archive import zip_entries
from harness.artifact.archive.zip_entries import (
    LONGEST_TEXT_BYTES,
    count_entries,
    read_zip,
)
from harness.errors import ArchiveUnreadable


def zip_of(names, method=zipfile.ZIP_DEFLATED, *, comment=b"", extra=b""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.extra = method, extra
            archive.writestr(info, b"content" * 20)
        archive.comment = comment
    return out.getvalue()


def widened(data):
    """The same zip with an end in 64 bits."""
    end = data.rindex(b"PK\x05\x06")
    (count,) = struct.unpack_from("<H", data, end + 10)
    size, begin = struct.unpack_from("<2I", data, end + 12)
    wide = struct.pack(
        "<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, begin
    )
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    masked = data[end : end + 12] + b"\xff" * 8 + data[end + 20 :]
    return data[:end] + wide + locator + masked


@pytest.fixture
def at(tmp_path):
    def write(data):
        (tmp_path / "x.zip").write_bytes(data)
        return tmp_path / "x.zip"

    return write


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated_files_are_read(at, method):
    found = [b"".join(one.chunks()) for one in read_zip(at(zip_of(["a"], method)), 1)]

    assert found == [b"content" * 20]


@pytest.mark.parametrize(
    ("method", "named"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")]
)
def test_any_other_compression_is_refused_by_name(at, method, named):
    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^entry 'a': compressed in a way that is not read; expected stored or "
        rf"deflated, got {named}; unpack it and pack it again as \.tar$",
    ):
        list(read_zip(at(zip_of(["a"], method)), 1))


def test_an_unknown_compression_is_refused_by_number(at):
    data = bytearray(zip_of(["a"]))
    data[data.index(b"PK\x01\x02") + 10] = 77

    with pytest.raises(ArchiveUnreadable, match="got method 77; unpack it"):
        list(read_zip(at(bytes(data)), 1))


@pytest.mark.parametrize("comment", [b"", b"said of it"])
@pytest.mark.parametrize("change", [bytes, widened])
def test_entries_are_counted_where_zipfile_finds_them(comment, change):
    data = change(zip_of(["a", "b/", "c"], comment=comment))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.infolist()) == 3  # the test's own zip is sound

    assert count_entries(io.BytesIO(data), 3) == 3


@pytest.mark.parametrize("change", [bytes, widened])
def test_more_entries_than_there_may_be_are_refused_before_zipfile_reads_them(
    at, monkeypatch, change
):
    path = at(change(zip_of([f"{n}" for n in range(5)])))
    assert len(list(read_zip(path, 5))) == 5
    monkeypatch.setattr(zipfile, "ZipFile", None)

    with pytest.raises(
        ArchiveUnreadable, match=r"^too many entries; expected at most 4, got more; do "
    ):
        list(read_zip(path, 4))


def test_an_entry_has_only_so_much_text():
    most = LONGEST_TEXT_BYTES - len("a") - 4

    def of(size):
        return io.BytesIO(
            zip_of(["a"], extra=struct.pack("<2H", 9, size) + bytes(size))
        )

    assert count_entries(of(most), 1) == 1
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^name and fields of an entry; expected at most 4096 bytes, got 4097; ",
    ):
        count_entries(of(most + 1), 1)


@pytest.mark.parametrize("change", [bytes, widened])
def test_a_list_that_is_not_where_the_archive_says_is_refused(at, change):
    data = b"#!/bin/sh\n" + change(zip_of(["a"]))

    with pytest.raises(
        ArchiveUnreadable, match=r"^the (list of entries|end of the list); expected at "
    ):
        count_entries(io.BytesIO(data), 9)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-30],
        lambda data: data.replace(b"PK\x01\x02", b"PK\x01\x03"),
        lambda data: b"PK\x03\x04",
        lambda data: data[:-10] + b"\xff\xff\xff\x7f" + data[-6:],
    ],
    ids=["no end", "no entry", "nothing", "a list of 2 GB"],
)
def test_a_damaged_list_is_refused(damage):
    with pytest.raises(ArchiveUnreadable):
        count_entries(io.BytesIO(damage(zip_of(["a"]))), 9)


def test_a_million_entries_take_no_memory(at, open_in_a_child):
    """46 bytes of each make an object of half a kilobyte."""
    entry = b"PK\x01\x02" + bytes(42)
    count = 200_000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0, 0, len(entry) * count, 4, 0)
    path = at(b"PK\x03\x04" + entry * count + end)

    found = open_in_a_child(
        path,
        "for _ in read_entries(path): pass",
        before="from harness.artifact.archive.entries import read_entries",
    )

    assert found.told.startswith("too many entries; expected at most 20000, got more")
    assert found.took_bytes < 16 << 20


@pytest.mark.parametrize(
    ("number", "named"),
    [(9, "Deflate64"), (12, "bzip2"), (14, "LZMA"), (93, "zstd"), (95, "xz")],
)
def test_a_compression_has_the_name_that_its_number_has(at, number, named):
    data = bytearray(zip_of(["a"]))
    data[data.index(b"PK\x01\x02") + 10] = number

    with pytest.raises(ArchiveUnreadable, match=rf"or deflated, got {named}; unpack"):
        list(read_zip(at(bytes(data)), 1))


@pytest.mark.parametrize(
    ("name", "mode", "kind", "described"),
    [
        ("a", 0, "file", "regular file"),
        ("a", stat.S_IFREG, "file", "regular file"),
        ("a", stat.S_IFDIR, "other", "device or pipe"),
        ("a", stat.S_IFIFO, "other", "device or pipe"),
        ("a", stat.S_IFLNK, "other", "symbolic link"),
        ("a/", 0, "folder", "folder"),
        ("a/", stat.S_IFDIR, "folder", "folder"),
        ("a/", stat.S_IFREG, "other", "device or pipe"),
        ("a/", stat.S_IFLNK, "other", "symbolic link"),
    ],
)
def test_name_and_mode_must_agree_on_the_kind(at, name, mode, kind, described):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (mode | 0o644) << 16
        archive.writestr(info, b"")

    (entry,) = read_zip(at(out.getvalue()), 1)
    assert (entry.kind, entry.described) == (kind, described)


@pytest.mark.parametrize("change", [bytes, widened])
def test_the_longest_comment_is_passed_over(change):
    data = change(zip_of(["a"], comment=b"c" * 65_535))

    assert count_entries(io.BytesIO(data), 1) == 1


def test_an_end_within_the_last_bytes_is_no_comment():
    """A zip without a comment ends with its end, whatever looks like one before it."""
    data = zip_of(["a", "PK\x05\x06" + "b" * 30])

    assert count_entries(io.BytesIO(data), 2) == 2


def test_a_list_of_64_bits_without_its_end_is_damaged():
    data = widened(zip_of(["a"]))
    place = data.index(b"PK\x06\x06")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^damaged or cut short; expected the end of the list of entries, got "
        r"b'PK\\x06\\x00'; fetch it again$",
    ):
        count_entries(io.BytesIO(data[: place + 3] + b"\0" + data[place + 4 :]), 1)


def test_an_entry_that_is_none_is_shown():
    data = zip_of(["a"]).replace(b"PK\x01\x02", b"PK\x01\x03")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^damaged or cut short; expected an entry in the list of entries, got "
        r"b'PK\\x01\\x03'; fetch it again$",
    ):
        count_entries(io.BytesIO(data), 1)


def test_two_readers_must_count_the_same_entries(at, monkeypatch):
    monkeypatch.setattr(zip_entries, "count_entries", lambda file, most: 2)

    with pytest.raises(
        ArchiveUnreadable, match=r"^the list of entries; expected 2, got 1; do not trus"
    ):
        list(read_zip(at(zip_of(["a"])), 2))
