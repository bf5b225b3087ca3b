from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from filelock import FileLock, Timeout
from hypothesis import given
from hypothesis import strategies as st

from harness.artifact.cache_entry import (
    Content,
    SourceNote,
    entry_of,
    is_pinned,
    locking,
    plan_fetch,
    read_content,
    read_note,
    why_replaced,
    write_note,
    writing_cache,
)
from harness.errors import UsageError
from harness.values.rows import Archive

URL = "https://models.example/PaddleSlim/prune/x.tar"
FREE = Archive(name="x", url=URL)
PINNED = Archive(name="x", url=URL, sha256="aa", size_bytes=2)
RIGHT = Content(sha256="aa", size_bytes=2)
OTHER = Content(sha256="bb", size_bytes=2)
NOTE = SourceNote(source="http://h.example/x.tar", sha256="aa", size_bytes=2)


@pytest.mark.parametrize(
    ("archive", "found", "note", "plan"),
    [
        pytest.param(FREE, None, None, "fetch", id="nothing there"),
        pytest.param(FREE, None, NOTE, "fetch", id="a note without bytes"),
        pytest.param(FREE, RIGHT, NOTE, "keep", id="the noted bytes"),
        pytest.param(FREE, RIGHT, None, "replace", id="bytes without a note"),
        pytest.param(FREE, OTHER, NOTE, "replace", id="not the noted bytes"),
        pytest.param(PINNED, RIGHT, None, "keep", id="pinned bytes need no note"),
        pytest.param(PINNED, OTHER, None, "replace", id="not the pinned bytes"),
    ],
)
def test_what_lies_in_the_cache_decides_what_to_do(archive, found, note, plan):
    assert plan_fetch(archive, found, note) == plan


def test_the_reason_of_a_replacement_names_what_is_wrong():
    assert why_replaced(FREE, RIGHT, None) == "nothing says where it came from"
    assert why_replaced(FREE, OTHER, NOTE) == (
        "altered since it was fetched (2 bytes, sha256 bb; noted 2 bytes, sha256 aa)"
    )
    assert why_replaced(PINNED, OTHER, None) == (
        "not the pinned bytes (2 bytes, sha256 bb)"
    )


def test_a_size_that_is_known_is_enforced_too():
    archive = Archive(name="x", url=URL, size_bytes=3)

    assert is_pinned(FREE, RIGHT)
    assert not is_pinned(archive, RIGHT)


def test_an_entry_keeps_the_file_name_and_the_format_number(tmp_path: Path):
    entry = entry_of(FREE, tmp_path)

    assert entry.path.name == "x.tar"
    assert entry.folder.parent == tmp_path / "archives-1"
    assert not list(tmp_path.iterdir())


def test_files_of_one_name_at_two_addresses_have_two_entries(tmp_path: Path):
    other = Archive(name="x", url="https://models.example/other/x.tar")

    assert entry_of(FREE, tmp_path).folder != entry_of(other, tmp_path).folder


@given(st.text(max_size=300))
def test_an_entry_lies_in_the_cache_whatever_the_address(last: str):
    archive = Archive(name="x", url=f"https://h.example/{last}")
    entry = entry_of(archive, Path("/cache"))

    assert entry.path.parent.parent == Path("/cache/archives-1")
    assert not entry.path.name.startswith(".")
    assert len(entry.folder.name) <= 100


def test_a_note_comes_back_as_it_was_written(tmp_path: Path):
    entry = entry_of(FREE, tmp_path)
    write_note(entry, NOTE)

    assert read_note(entry) == NOTE
    assert entry.note_path.read_text() == (
        '{\n  "sha256": "aa",\n  "size_bytes": 2,\n'
        '  "source": "http://h.example/x.tar"\n}\n'
    )


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"source": "h"}', "\udcff"])
def test_a_note_that_cannot_be_read_vouches_for_nothing(
    tmp_path: Path, text: str | None
):
    entry = entry_of(FREE, tmp_path)
    entry.folder.mkdir(parents=True)
    if text is not None:
        entry.note_path.write_bytes(text.encode("utf-8", "surrogateescape"))

    assert read_note(entry) is None


def test_the_content_of_a_missing_file_is_none(tmp_path: Path):
    assert read_content(tmp_path / "x") is None


def test_a_cache_that_cannot_be_written_is_named():
    with (
        pytest.raises(
            UsageError,
            match=r"^/c: the cache cannot be written; expected a folder with room in "
            r"it, got No space left on device; free some space or choose another "
            r"--zoo-cache \(ZOO_CACHE\)$",
        ),
        writing_cache(Path("/c")),
    ):
        raise OSError(28, "No space left on device")


def test_a_note_of_other_bytes_speaks_against_those_that_are_there():
    wrong_size = SourceNote(source="http://h.example/x.tar", sha256="aa", size_bytes=3)
    of_other = SourceNote(source="http://h.example/x.tar", sha256="bb", size_bytes=2)

    assert plan_fetch(FREE, RIGHT, wrong_size) == "replace"
    assert why_replaced(PINNED, OTHER, None).startswith("not the pinned bytes")
    assert why_replaced(PINNED, OTHER, of_other).startswith("not the pinned bytes")
    assert why_replaced(PINNED, OTHER, NOTE).startswith("altered since it was fetched")


@pytest.mark.parametrize(
    ("last", "name"),
    [
        ("x.tar", "x.tar"),
        ("...x.tar", "x.tar"),
        ("a%20b.tar", "a_20b.tar"),
        ("", "archive"),
        ("..", "archive"),
        ("a" * 80, "a" * 80),
        ("b" + "a" * 80, "a" * 80),
    ],
)
def test_a_name_in_the_cache_is_plain_and_short(last: str, name: str):
    archive = Archive(name="x", url=f"https://h.example/some/{last}?v=2")
    entry = entry_of(archive, Path("/cache"))
    digest = hashlib.sha256(archive.url.encode()).hexdigest()

    assert entry.path.name == name
    assert entry.folder.name == f"{name}-{digest[:12]}"


def test_below_a_file_there_is_no_content(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"abc")

    assert read_content(tmp_path / "file" / "x") is None
    assert read_content(tmp_path / "file") == Content(
        sha256=hashlib.sha256(b"abc").hexdigest(), size_bytes=3
    )


def test_a_lock_is_held_during_its_block_and_then_free(tmp_path: Path):
    lock_path = tmp_path / "folder" / ".lock"

    with locking(lock_path, tmp_path), pytest.raises(Timeout):
        FileLock(lock_path, blocking=False, is_singleton=False).acquire()
    with pytest.raises(KeyError), locking(lock_path, tmp_path):
        raise KeyError
    FileLock(lock_path, blocking=False).acquire()


def test_a_lock_that_cannot_be_made_names_the_cache(tmp_path: Path):
    (tmp_path / "file").touch()

    with (
        pytest.raises(UsageError, match=rf"^{tmp_path}: the cache cannot be written; "),
        locking(tmp_path / "file" / "x" / ".lock", tmp_path),
    ):
        pass
