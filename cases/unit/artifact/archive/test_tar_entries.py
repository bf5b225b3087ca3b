"""What the headers of a tar may say, and that honest ones are read as tarfile does."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.artifact.archive.tar_entries import (
    LONGEST_EXTENSION_BYTES,
    MAX_HEADERS,
    read_pax,
    read_tar,
)
from harness.errors import ArchiveUnreadable

END = bytes(1024)
DISTRUST = "do not trust this archive$"


def block(name="x", **fields):
    header = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(header, field, value)
    return header.tobuf(tarfile.GNU_FORMAT)


def extension(kind, content):
    """A header of that kind with its content, filled up to whole blocks."""
    filling = bytes(-len(content) % 512)
    return block(type=kind, size=len(content)) + content + filling


def pax(**words):
    return extension(tarfile.XHDTYPE, pax_lines(words))


def pax_lines(words):
    lines = b""
    for word, value in words.items():
        rest = f" {word}={value}\n".encode()
        length = len(rest) + 1
        while length != len(rest) + len(str(length)):
            length = len(rest) + len(str(length))
        lines += str(length).encode() + rest
    return lines


def entries(content):
    return [
        (one.name, one.kind, b"".join(one.chunks()) if one.kind == "file" else b"")
        for one in read_tar(io.BytesIO(content))
    ]


def refused(content):
    with pytest.raises(ArchiveUnreadable) as error:
        entries(content)
    return str(error.value)


NAMES = st.text(
    alphabet=st.sampled_from("ab./-\u6743\U0001f600 "), min_size=1, max_size=300
).filter(lambda name: name.strip("/"))


@pytest.mark.parametrize(
    "form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NAMES, st.binary(max_size=1100)), min_size=1, max_size=4))
def test_what_tarfile_writes_is_read_as_tarfile_reads_it(form, files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, content in files:
            header = tarfile.TarInfo(name)
            header.size, header.mtime = len(content), 1.5
            try:
                tar.addfile(header, io.BytesIO(content))
            except ValueError:  # ustar has no room for the name
                return

    found = entries(out.getvalue())

    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        theirs = [
            (one.name, tar.extractfile(one).read() if one.isfile() else b"")
            for one in tar
        ]
    assert [(name.rstrip("/"), content) for name, _, content in found] == [
        (name.rstrip("/"), content) for name, content in theirs
    ]


def test_a_file_is_read_only_as_far_as_its_size():
    content = b"".join(
        [block("a", size=3), b"abc".ljust(512, b"!"), block("b", size=0), END]
    )

    assert entries(content) == [("a", "file", b"abc"), ("b", "file", b"")]


@pytest.mark.parametrize(
    "kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE]
)
def test_a_header_is_looked_at_before_it_is_read(kind):
    def of(size):
        content = b"a" * size
        if kind == tarfile.XHDTYPE:
            content = pax_lines({"comment": "a" * (size - len("4096 comment=\n"))})
            assert len(content) == size
        return extension(kind, content) + block() + END

    assert len(entries(of(LONGEST_EXTENSION_BYTES))) == 1
    assert refused(of(LONGEST_EXTENSION_BYTES + 1)) == (
        "first entry: an extended header; expected at most 4096 bytes, got 4097; "
        "do not trust this archive"
    )


def test_a_size_that_no_header_has_is_refused_with_nothing_behind_it():
    assert "got 8589934591" in refused(block(type=b"x", size=8589934591))
    assert "an extended header; expected at most 4096 bytes, got -1" in refused(
        block(type=b"x", size=-1)
    )


def test_a_header_that_is_cut_short_is_damaged():
    content = extension(tarfile.GNUTYPE_LONGNAME, b"a" * 600)

    assert "damaged or cut short; expected 600 bytes of a header" in refused(
        content[:900]
    )


def test_an_entry_has_only_so_many_headers():
    long_target = extension(tarfile.GNUTYPE_LONGLINK, b"a\0")

    assert len(entries(long_target * (MAX_HEADERS - 1) + block() + END)) == 1
    assert refused(long_target * MAX_HEADERS + block() + END) == (
        "first entry: too many headers of one entry; expected at most 5, got another; "
        "do not trust this archive"
    )


def test_an_end_after_a_header_is_damage():
    content = extension(tarfile.GNUTYPE_LONGNAME, b"a\0") + END

    assert "damaged or cut short; expected another entry" in refused(content)


def test_pax_words_name_and_size_an_entry():
    content = pax(path="long/\u6743", size="3") + block() + b"abc".ljust(512) + END

    assert entries(content) == [("long/\u6743", "file", b"abc")]


@pytest.mark.parametrize("size", ["-1", "-512", "1e3", "", "\u0663", "9" * 19, "0x1"])
def test_a_pax_size_is_a_number_that_a_file_can_have(size):
    got = "'" if size else "nothing; "

    assert refused(pax(size=size) + block() + END).startswith(
        f"first entry: a size; expected 0 to 9223372036854775807, got {got}"
    )


def test_the_largest_pax_size_is_believed_until_it_is_read():
    content = pax(size=str((1 << 63) - 1)) + block("big") + END

    (first,) = [next(read_tar(io.BytesIO(content)))]

    assert first.claimed_bytes == (1 << 63) - 1
    with pytest.raises(ArchiveUnreadable, match="damaged or cut short; expected 9223"):
        list(first.chunks())


def test_a_negative_size_is_refused():
    assert refused(block(size=-512) + END) == (
        "first entry: a size; expected 0 to 9223372036854775807, got -512; "
        "do not trust this archive"
    )


@pytest.mark.parametrize("word", ["GNU.sparse.map", "GNU.sparse.major"])
def test_a_file_with_holes_is_no_file(word):
    (entry,) = read_tar(io.BytesIO(pax(**{word: "1"}) + block() + END))

    assert (entry.kind, entry.described) == ("other", "sparse file")


@pytest.mark.parametrize("word", ["path", "size"])
def test_a_header_of_all_entries_neither_names_nor_sizes_them(word):
    of_all = extension(tarfile.XGLTYPE, pax_lines({"comment": "a commit"}))
    assert entries(of_all + block() + END) == [("x", "file", b"")]

    odd = extension(tarfile.XGLTYPE, pax_lines({word: "1"}))
    assert "a header of all entries; expected no name and no size" in refused(
        odd + block() + END
    )


@pytest.mark.parametrize(
    "content",
    [
        b"9" * 4000,  # to convert them takes time by the square of their number
        b"9" * 4000 + b" a=b\n",
        b"00008 a=b\n",
        b"-8 a=bc\n",
        b"7 a=b\n",
        b"9 a=b\n",
        b"6 ab\n\n",
        b"0 a=b\n",
        b"1 a=b\n",
        b" a=b\n",
        b"6 a=b\n\0\0",
    ],
)
def test_lines_of_pax_are_as_long_as_they_say(content):
    assert read_pax(b"6 a=b\n12 path=x=y\n") == {"a": "b", "path": "x=y"}
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^a PAX header; expected lines that are as long as they say, got b'.*; "
        + DISTRUST,
    ):
        read_pax(content)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damage_does_more_than_refuse(data):
    content = bytearray(pax(path="long/name", size="3") + block() + b"a" * 512 + END)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    for at in range(
        0, len(content) - 512, 512
    ):  # and the sums of the headers are right
        head = content[at : at + 512]
        total = sum(head[:148]) + 8 * 32 + sum(head[156:])
        if data.draw(st.booleans()):
            content[at + 148 : at + 156] = b"%06o\0 " % total

    try:
        entries(bytes(content))
    except ArchiveUnreadable:
        return


def test_the_headers_of_solaris_are_pax():
    content = extension(tarfile.SOLARIS_XHDTYPE, pax_lines({"path": "long/name"}))

    assert entries(content + block() + END) == [("long/name", "file", b"")]


@pytest.mark.parametrize(
    ("kind", "has_data"),
    [
        (tarfile.LNKTYPE, False),
        (tarfile.SYMTYPE, False),
        (tarfile.DIRTYPE, False),
        (tarfile.CONTTYPE, True),
        (b"Z", True),
    ],
)
def test_only_files_and_what_nobody_knows_have_data(kind, has_data):
    data = b"data".ljust(512, b"!") if has_data else b""
    content = block("odd", type=kind, size=4) + data + block("after") + END

    assert [one.name for one in read_tar(io.BytesIO(content))] == ["odd", "after"]


def test_a_file_of_the_oldest_kind_is_a_file():
    assert entries(block("a", type=tarfile.AREGTYPE) + END) == [("a", "file", b"")]


def test_a_pax_size_of_nothing_is_one():
    content = pax(size="0") + block(size=3) + block("after") + END

    assert [name for name, _, _ in entries(content)] == ["x", "after"]


def test_a_later_header_keeps_what_an_earlier_one_named():
    content = pax(path="named") + pax(comment="more") + block() + END

    assert entries(content) == [("named", "file", b"")]


def test_holes_that_any_header_tells_of_are_holes():
    content = pax(**{"GNU.sparse.major": "1"}) + pax(comment="more") + block() + END

    (entry,) = read_tar(io.BytesIO(content))
    assert entry.described == "sparse file"


def test_a_stream_that_stops_says_so_and_garbage_is_shown():
    assert refused(block()).endswith("got the end of the file; fetch it again")
    garbage = bytes(range(1, 255)) * 4
    assert f"got {garbage[:16]!r}; fetch" in refused(block() + garbage)


def test_a_header_and_its_content_may_end_with_the_file():
    content = extension(tarfile.GNUTYPE_LONGNAME, b"a" * 512)

    assert refused(content).startswith(
        "first entry: damaged or cut short; expected another entry or the end mark"
    )
    assert refused(content[:-1]) == (
        "first entry: damaged or cut short; expected 512 bytes of a header, got the "
        "end of the file; fetch it again"
    )


def test_a_bad_line_of_pax_is_shown_cut():
    with pytest.raises(ArchiveUnreadable, match=r"got b'9{20}'; do not"):
        read_pax(b"9" * 40)
    with pytest.raises(ArchiveUnreadable, match=r"got b'7 a=b\\n'; do not"):
        read_pax(b"6 a=b\n7 a=b\n")


def test_a_length_of_pax_has_four_digits():
    line = b"4096 a=" + b"b" * 4088 + b"\n"

    assert read_pax(line) == {"a": "b" * 4088}
    with pytest.raises(ArchiveUnreadable, match="as long as they say"):
        read_pax(b"0" + line)


def test_a_long_name_ends_with_its_first_zero():
    content = extension(tarfile.GNUTYPE_LONGNAME, b"long/name\0and more\0")

    assert entries(content + block() + END) == [("long/name", "file", b"")]
