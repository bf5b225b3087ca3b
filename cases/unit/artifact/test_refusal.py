from __future__ import annotations

import hashlib
import io
import re
import tarfile
import zipfile

import pytest

from harness.artifact.cache_entry import Content
from harness.artifact.refusal import (
    Refusal,
    judge_content,
    judge_published,
    of_source,
    refuse_archive,
)
from harness.artifact.sources import Source
from harness.errors import ArchiveUnavailable, ArchiveUnreadable, WrongArchive

URL = "https://models.example/PaddleSlim/x.tar"


@pytest.fixture
def judge(archive_at, tmp_path):
    def run(data: bytes, pin: bytes | None = None):
        path = tmp_path / "got"
        path.write_bytes(data)
        content = Content(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
        return judge_content(archive_at(URL, pin=pin), "there", path, content)

    return run


def test_pinned_bytes_are_taken_whatever_they_look_like(judge):
    assert judge(b"<html>", pin=b"<html>") is None


def test_a_whole_archive_is_taken_when_nothing_is_pinned(judge, good):
    assert judge(good) is None


def test_a_page_is_no_evidence_against_an_archive(judge, good):
    refusal = judge(b"<!DOCTYPE html><p>log in", pin=good)

    assert str(refusal) == (
        "there: answered with a page that starts b'<!DOCTYPE html><'"
    )
    assert not refusal.is_other
    assert not refusal.may_pass


def test_nothing_may_pass(judge, good):
    refusal = judge(b"", pin=good)

    assert str(refusal) == "there: answered with nothing"
    assert refusal.may_pass
    assert not refusal.is_other


def test_another_whole_archive_is_the_wrong_one(judge, good):
    refusal = judge(good, pin=b"the original")

    assert str(refusal) == (
        f"there: {len(good)} bytes, sha256 {hashlib.sha256(good).hexdigest()}"
    )
    assert refusal.is_other
    assert not refusal.may_pass


def test_a_part_of_the_pinned_archive_is_wrong_and_may_pass(judge, good):
    refusal = judge(good[:2000], pin=good)

    assert refusal.is_other
    assert refusal.may_pass


def test_bytes_that_are_no_archive_are_wrong_where_one_is_pinned(judge, good):
    assert judge(b"not an archive", pin=good).is_other


def test_bytes_that_are_no_archive_are_refused_where_none_is_pinned(judge):
    refusal = judge(b"not an archive")

    assert str(refusal) == (
        "there: not an archive; expected a tar, tar.gz or zip, "
        "got a file that starts b'not an archive'; look at what its address serves"
    )
    assert not refusal.is_other


def test_an_archive_cut_short_is_refused_where_none_is_pinned(judge, good):
    refusal = judge(good[:2000])

    assert refusal.reason.startswith("after 'x/conv1_weights': damaged or cut short")
    assert refusal.may_pass


@pytest.mark.parametrize(
    ("address", "origin", "own"),
    [
        ("file:///mirror/x.tar", "mirror", True),
        ("http://mirror/x.tar", "mirror", True),
        ("file:///zoo/x.tar", "printed", True),
        ("http://host/x.tar", "printed", False),
        ("http://host/x.tar", "moved", False),
    ],
)
def test_a_damaged_archive_of_ones_own_cannot_be_read(
    judge, good, archive_at, address, origin, own
):
    refusal = of_source(judge(good[:2000]), Source(address=address, origin=origin))
    absent = Refusal(place="there", reason="HTTP 404")

    error = refuse_archive(archive_at(URL), [refusal, absent], offline=False)

    assert isinstance(error, ArchiveUnreadable if own else ArchiveUnavailable)
    assert ("give --mirror" in str(error)) is not own
    if own:
        assert re.match(
            r"archive x: what is there is no whole archive; expected a tar, tar.gz or "
            r"zip, got there: after 'x/conv1_weights': damaged or cut short.* \| "
            r"there: HTTP 404; put a whole one in its place$",
            str(error),
        )


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><p>saved as x.tar"])
def test_a_file_of_this_machine_is_what_it_is(judge, archive_at, content):
    """Nothing, or a page, is a server's answer for the moment, but no file's."""
    file, web = (
        of_source(judge(content), Source(address=f"{one}/x.tar", origin="mirror"))
        for one in ("file:///mirror", "http://mirror")
    )

    ends = [
        refuse_archive(archive_at(URL), [one], offline=False) for one in (file, web)
    ]

    assert [type(one) for one in ends] == [ArchiveUnreadable, ArchiveUnavailable]


def test_other_bytes_than_the_pinned_ones_are_no_damage(judge, good, archive_at):
    pinned = archive_at(URL, pin=b"the original")
    source = Source(address="file:///mirror/x.tar", origin="mirror")
    refusal = of_source(judge(good, pin=b"the original"), source)

    assert isinstance(refuse_archive(pinned, [refusal], offline=False), WrongArchive)


def test_no_source_at_all_is_unavailable_and_lists_what_was_tried(archive_at):
    error = refuse_archive(
        archive_at(URL),
        [Refusal(place="a", reason="HTTP 404"), Refusal(place="b", reason="no")],
        offline=False,
    )

    assert isinstance(error, ArchiveUnavailable)
    assert str(error) == (
        "archive x: no source serves it; expected an archive from one of its "
        "addresses, got a: HTTP 404 | b: no; give --mirror a folder that holds "
        "PaddleSlim/x.tar"
    )


def test_offline_says_what_was_not_on_this_machine(archive_at):
    error = refuse_archive(archive_at(URL), [], offline=True)

    assert isinstance(error, ArchiveUnavailable)
    assert str(error) == (
        "archive x: not on this machine, and offline; expected a cached copy or a "
        "local source, got neither; go online, or give --mirror a folder that holds "
        "PaddleSlim/x.tar"
    )


def test_one_wrong_archive_outweighs_sources_that_do_not_answer(archive_at):
    error = refuse_archive(
        archive_at(URL, sha256="aa", size_bytes=7),
        [
            Refusal(place="a", reason="2 bytes, sha256 bb", is_other=True),
            Refusal(place="b", reason="HTTP 404"),
        ],
        offline=False,
    )

    assert isinstance(error, WrongArchive)
    assert str(error) == (
        "archive x: the bytes are not the pinned ones; expected 7 bytes, sha256 aa, "
        "got a: 2 bytes, sha256 bb | b: HTTP 404; find the original, or pin the new "
        "bytes on purpose"
    )


@pytest.mark.parametrize(
    "form", ["gzip of zeros", "folders alone", "zip of nothing", "a Mac's"]
)
def test_an_archive_without_a_file_is_not_taken_unpinned(
    archive_at, gzip_of, tmp_path, form
):
    folder = tarfile.TarInfo("x")
    folder.type = tarfile.DIRTYPE
    zipped = io.BytesIO()
    zipfile.ZipFile(zipped, "w").close()
    hidden = tarfile.TarInfo("x/._conv1_weights")
    content = {
        "a Mac's": hidden.tobuf() + bytes(10240),
        "gzip of zeros": gzip_of(bytes(10240)),
        "folders alone": folder.tobuf() + bytes(10240),
        "zip of nothing": zipped.getvalue(),
    }[form]
    path = tmp_path / "x"
    path.write_bytes(content)
    told = Content(sha256="0" * 64, size_bytes=len(content))

    refusal = judge_content(archive_at("http://h/x.tar"), "http://h/x.tar", path, told)

    has_entries = form in ("folders alone", "a Mac's")
    said = "that holds no file" if has_entries else "of nothing; expected"
    assert str(refusal).startswith(f"http://h/x.tar: an archive {said}")


def judged(tmp_path, data: bytes, digests=(), size_bytes=None):
    path = tmp_path / "file"
    path.write_bytes(data)
    return judge_published(digests, size_bytes, "there", path)


def digest(algorithm: str, data: bytes) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def test_one_published_digest_of_several_is_enough_whatever_the_size(tmp_path):
    digests = (digest("md5", b"another"), digest("sha1", b"this"))

    assert judged(tmp_path, b"this", digests, size_bytes=99) is None


def test_other_bytes_are_told_with_each_published_algorithm_once(tmp_path):
    digests = (digest("md5", b"a"), digest("md5", b"b"), digest("sha1", b"a"))
    md5, sha1 = (digest(one, b"c").replace(":", " ") for one in ("md5", "sha1"))

    refusal = judged(tmp_path, b"c", digests)

    assert refusal == Refusal(
        place="there", reason=f"1 bytes, {md5}, {sha1}", is_other=True
    )


def test_a_page_is_told_as_one_and_an_archive_never(tmp_path, good):
    digests = (digest("md5", b"another"),)

    page = judged(tmp_path, b"{" + b"x" * 99, digests)
    archive = judged(tmp_path, good, digests)

    assert page == Refusal(
        place="there", reason=f"answered with a page that starts {b'{' + b'x' * 15!r}"
    )
    assert archive.is_other


def test_without_a_digest_damage_is_told_before_the_size(tmp_path, good):
    cut = judged(tmp_path, good[:2000], size_bytes=len(good))
    other = judged(tmp_path, good, size_bytes=len(good) + 1)

    assert cut.is_damaged
    assert not cut.is_other
    assert "damaged or cut short" in cut.reason
    assert other == Refusal(place="there", reason=f"{len(good)} bytes", is_other=True)
    assert judged(tmp_path, good, size_bytes=len(good)) is None
    assert judged(tmp_path, good) is None


def test_which_digest_vouched_is_logged(tmp_path, judge, good, caplog):
    caplog.set_level("INFO", logger="harness.artifact")

    judge(good, pin=good)
    judge(good)
    judged(tmp_path, good, (digest("md5", good),))

    assert caplog.messages == [
        "there: its digest is the pinned one",
        "there: its digest is a published one",
    ]


def test_a_wrong_archive_is_expected_with_what_is_known_of_it(archive_at):
    other = Refusal(place="a", reason="2 bytes", is_other=True)

    size_alone = refuse_archive(archive_at(URL, size_bytes=7), [other], offline=False)
    sha256_alone = refuse_archive(archive_at(URL, sha256="aa"), [other], offline=True)

    assert "expected 7 bytes, got a" in str(size_alone)
    assert "expected sha256 aa, got a" in str(sha256_alone)


def test_offline_tells_what_was_looked_at(archive_at):
    error = refuse_archive(
        archive_at(URL), [Refusal(place="cache", reason="altered")], offline=True
    )

    assert "got cache: altered; go online, or give --mirror" in str(error)


def test_damage_at_a_place_that_is_nobodys_own_is_no_damage_of_the_archive(archive_at):
    refusal = Refusal(place="there", reason="cut short", is_damaged=True)

    error = refuse_archive(archive_at(URL), [refusal], offline=False)

    assert isinstance(error, ArchiveUnavailable)


@pytest.mark.parametrize("name", ["<x>", "{x}"])
def test_an_archive_whose_first_name_looks_like_a_page_is_none(
    judge, tmp_path, tar_of, name
):
    tar = tar_of({name: b"1"})

    assert judge(tar, pin=b"another").is_other
    assert judged(tmp_path, tar, (digest("md5", b"another"),)).is_other
