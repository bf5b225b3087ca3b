from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import pytest

from harness.artifact.archive.entries import (
    DATASET_LIMITS,
    LIMITS,
    PADDING_BYTES,
    Limits,
    find_damage,
    read_entries,
)
from harness.errors import ArchiveUnreadable


@pytest.fixture
def at(tmp_path):
    def write(data: bytes):
        path = tmp_path / "archive"
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("x")
        archive.writestr("x/a", b"first" * 100)
        archive.writestr("x/b", b"second")
    return out.getvalue()


#: A stream may have 50,000 bytes before its first entry, 3072 more with each.
SHORT = Limits(entries=1, total_bytes=50_000 - 3072 - 10240)


def contents(path, limits=LIMITS) -> list:
    return [
        (entry.name, b"".join(entry.chunks()))
        for entry in read_entries(path, limits)
        if entry.kind == "file"
    ]


def test_each_kind_gives_its_entries_in_order(at, tar_of, gzip_of, zipped):
    files = {"x/a": b"first" * 100, "x/b": b"second"}
    tar = tar_of(files)

    assert contents(at(tar)) == list(files.items())
    assert contents(at(gzip_of(tar))) == list(files.items())
    assert contents(at(zipped)) == list(files.items())


def test_entries_can_be_passed_over(at, tar_of, gzip_of):
    path = at(gzip_of(tar_of({"x/a": b"first" * 1000, "x/b": b"second"})))

    assert [entry.name for entry in read_entries(path)] == ["x/a", "x/b"]


def test_folders_are_folders(at, zipped):
    assert [(one.name, one.kind) for one in read_entries(at(zipped))] == [
        ("x/", "folder"),
        ("x/a", "file"),
        ("x/b", "file"),
    ]


@pytest.mark.parametrize(
    ("member_type", "described"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "pipe"),
        (b"Z", "entry of type b'Z'"),
    ],
)
def test_what_is_neither_file_nor_folder_is_described(at, member_type, described):
    member = tarfile.TarInfo("x/odd")
    member.type, member.linkname = member_type, "conv1_weights"
    (entry,) = read_entries(at(member.tobuf() + bytes(1024)))

    assert (entry.kind, entry.described) == ("other", described)


def test_a_whole_archive_has_no_damage(at, good, gzip_of, zipped):
    assert find_damage(at(good)) is None
    assert find_damage(at(gzip_of(good))) is None
    assert find_damage(at(zipped)) is None


@pytest.mark.parametrize("packed", [False, True], ids=["tar", "tar.gz"])
def test_a_tar_cut_anywhere_before_its_end_mark_is_damaged(at, tar_of, gzip_of, packed):
    tar = tar_of({"x/a": b"1" * 700, "x/b": b"2"})
    # a: header, two blocks; b: header, one block; then the end mark begins
    ends = 5 * 512
    cuts = [600, 1023, 1024, 1536, 1700, 2048, ends - 1, ends, ends + 511]

    for cut in cuts:
        part = gzip_of(tar[:cut]) if packed else tar[:cut]
        assert "damaged or cut short" in (find_damage(at(part)) or ""), cut
    assert find_damage(at(tar[: ends + 512])) is None


def test_a_gzip_stream_cut_before_its_checksum_is_damaged(at, good, gzip_of):
    assert find_damage(at(gzip_of(good)[:-4])) == (
        "after the last entry: damaged or cut short; expected a whole archive, got "
        "EOFError (Compressed file ended before the end-of-stream marker was reached); "
        "fetch it again"
    )


def test_a_damaged_header_is_not_taken_for_the_end(at, tar_of):
    tar = bytearray(tar_of({"x/a": b"1", "x/b": b"2", "x/c": b"3"}))
    tar[1024 + 3] ^= 1  # the name in the header of x/b

    assert find_damage(at(bytes(tar))) == (
        "after 'x/a': damaged or cut short; expected another entry or the end mark, "
        f"got {bytes(tar[1024:1040])!r}; fetch it again"
    )


def test_data_cut_short_names_what_happened(at, good):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^damaged or cut short; expected 10240 bytes, got 2488; "
        r"fetch it again$",
    ):
        contents(at(good[:3000]))


def test_a_gzip_stream_without_a_tar_is_damaged(at, gzip_of):
    with pytest.raises(
        ArchiveUnreadable, match=r"^first entry: damaged or cut short; "
    ):
        contents(at(gzip_of(b"just text" * 100)))


def test_a_flipped_bit_in_a_zip_is_found_by_its_checksum(at):
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("x/b", b"second")
    broken = stored.getvalue().replace(b"second", b"secone")

    with pytest.raises(ArchiveUnreadable, match=r"BadZipFile \(Bad CRC-32 for file"):
        contents(at(broken))


def test_a_zip_without_its_directory_is_damaged(at, zipped):
    assert find_damage(at(zipped[:100])) == (
        "damaged or cut short; expected a zip with its list of entries, got none at "
        "its end; fetch it again"
    )


def test_an_encrypted_file_is_described(at, zipped):
    data = bytearray(zipped)
    central = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[central + 8] |= 1  # bit 0 of the flags: encrypted  # APPNOTE 4.4.4

    odd = [
        one.described for one in read_entries(at(bytes(data))) if one.kind == "other"
    ]

    assert odd == ["encrypted file"]


def test_a_stream_that_unpacks_to_too_much_is_cut_off(at, tar_of, gzip_of):
    path = at(gzip_of(tar_of({"x/a": bytes(100_000)})))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^after 'x/a': unpacks to too much; expected at most 53072 bytes, got "
        r"more; do not trust this archive$",
    ):
        list(read_entries(path, SHORT))
    with pytest.raises(ArchiveUnreadable, match="unpacks to too much"):
        contents(path, SHORT)


def test_an_end_without_end_is_cut_off(at, tar_of, gzip_of):
    path = at(gzip_of(tar_of({"x/a": b"1"}) + bytes(1 << 20)))

    with pytest.raises(
        ArchiveUnreadable, match=r"^after the last entry: unpacks to too much"
    ):
        list(read_entries(path, SHORT))


def test_a_file_that_is_no_archive_is_refused(at):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^not an archive; expected a tar, tar.gz or zip, got a file that starts "
        r"b'conv1_weights'; look at what its address serves$",
    ):
        contents(at(b"conv1_weights"))


@pytest.mark.parametrize(
    ("packed", "named"), [(bz2.compress, "bzip2"), (lzma.compress, "xz")]
)
def test_a_tar_in_another_compression_is_named_and_not_read(at, good, packed, named):
    path = at(packed(good))

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^an archive packed by {named}, which is not read; expected a tar, "
        r"tar.gz or zip, got a file that starts b'.*'; unpack it and pack it again as "
        r"\.tar$",
    ):
        contents(path)
    assert f"packed by {named}" in (find_damage(path) or "")


def test_damage_is_looked_for_as_far_as_the_ratio_allows(at, tar_of, gzip_of):
    """The data of a tar is passed over, and passing over unpacks it all the same."""
    bomb = at(gzip_of(tar_of({"x/a": bytes(3 << 20)})))
    packed_bytes = bomb.stat().st_size

    def damage(ratio):
        limits = Limits(ratio=ratio, ratio_free_bytes=0)
        return find_damage(bomb, limits)

    assert "unpacks to too much" in (find_damage(bomb) or "")
    assert "unpacks to too much" in (damage((3 << 20) / packed_bytes - 10) or "")
    assert damage((3 << 20) / packed_bytes + 1) is None


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_an_archive_of_nothing_is_refused(at, tar_of, gzip_of, kind):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w"):
        pass
    zeros = bytes(10240)
    data = {"tar": zeros, "tar.gz": gzip_of(zeros), "zip": out.getvalue()}[kind]

    # 512 zeros are no header: such a tar is not known for one.
    what = "not an archive" if kind == "tar" else "an archive of nothing; expected at l"
    assert (find_damage(at(data)) or "").startswith(what)


def test_the_entries_are_limited_while_they_are_read(at, tar_of, gzip_of, zipped):
    tar = tar_of({f"{n}": b"" for n in range(3)})

    for data in (tar, gzip_of(tar), zipped):
        assert find_damage(at(data), Limits(entries=3)) is None
        assert find_damage(at(data), Limits(entries=2)) == (
            "too many entries; expected at most 2, got more; do not trust this archive"
        )


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.tar")

    assert find_damage(tmp_path / "x.tar") == (
        "not an archive; expected a regular file, got something else"
    )


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_of_a_gigabyte_takes_no_memory(at, open_in_a_child, kind):
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, 1 << 30
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="w", mtime=0) as packed:
        packed.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(64):  # of 1024: enough to be seen in memory
            packed.write(bytes(1 << 20))

    found = open_in_a_child(
        at(out.getvalue()),
        "for _ in read_entries(path): pass",
        before="from harness.artifact.archive.entries import read_entries",
    )

    assert found.told == (
        "first entry: an extended header; expected at most 4096 bytes, got 1073741824; "
        "do not trust this archive"
    )
    assert found.took_bytes < 16 << 20


def test_a_zip_in_a_dictionary_of_gigabytes_takes_no_memory(at, open_in_a_child):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x/a", bytes(100_000))
    data = bytearray(content.getvalue())
    # After the name: version of LZMA, size of the properties, their byte, and then
    # the size of the dictionary  # APPNOTE 5.8
    place = data.index(b"x/a") + len("x/a") + 2 + 2 + 1
    data[place : place + 4] = b"\xff\xff\xff\xef"

    found = open_in_a_child(
        at(bytes(data)),
        "for one in read_entries(path): list(one.chunks())",
        before="from harness.artifact.archive.entries import read_entries",
    )

    assert "compressed in a way that is not read" in found.told
    assert found.took_bytes < 16 << 20


def test_zeros_behind_a_gzip_are_bounded(tmp_path, gzip_of):
    folder = tarfile.TarInfo("x")
    folder.type = tarfile.DIRTYPE
    whole = gzip_of(folder.tobuf() + bytes(10240))
    path = tmp_path / "x.tar.gz"
    path.write_bytes(whole + bytes(PADDING_BYTES))
    assert find_damage(path) is None
    path.write_bytes(whole + bytes(PADDING_BYTES + 4))

    assert find_damage(path).startswith(
        "ends with zeros; expected at most 65536 bytes, got more of them"
    )


def test_what_an_archive_may_hold_is_what_is_written_of_it():
    gibibyte = 1024**3

    assert (
        Limits(
            entries=20_000,
            total_bytes=4 * gibibyte,
            ratio=200.0,
            ratio_free_bytes=1024**2,
        )
        == LIMITS
    )
    assert Limits(entries=400_000, total_bytes=128 * gibibyte) == DATASET_LIMITS


def test_a_stream_may_be_as_long_as_an_honest_tar():
    limits = Limits(ratio=2.0, ratio_free_bytes=0)

    # Twice 50,000, six blocks for each entry, and a last record of twenty.
    assert limits.stream_bytes(50_000, 0) == 100_000 + 20 * 512
    assert limits.stream_bytes(50_000, 3) == 100_000 + 20 * 512 + 3 * 6 * 512


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_a_file_is_held_a_quarter_of_a_mebibyte_at_a_time(at, tar_of, gzip_of, kind):
    content = bytes(range(256)) * 2344
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", content)
    tar = tar_of({"x": content})
    data = {"tar": tar, "tar.gz": gzip_of(tar), "zip": out.getvalue()}[kind]

    (entry,) = read_entries(at(data))
    assert entry.claimed_bytes == len(content)
    (pieces,) = [list(one.chunks()) for one in read_entries(at(data))]

    assert [len(one) for one in pieces] == [262_144, 262_144, 75_776]
    assert b"".join(pieces) == content


def test_the_kind_is_logged(at, gzip_of, good, caplog):
    caplog.set_level("DEBUG", logger="harness.artifact")
    path = at(gzip_of(good))

    assert find_damage(path) is None
    assert caplog.messages == [f"{path}: its first bytes are those of tar.gz"]


@pytest.mark.parametrize("data", [b"7z\xbc\xaf\x27\x1c1234", b"no archive at all, 1"])
def test_the_first_bytes_of_what_is_not_read_are_shown(at, data):
    n_bytes = 6 if data.startswith(b"7z") else 16

    assert f"got a file that starts {data[:n_bytes]!r}; " in find_damage(at(data))
