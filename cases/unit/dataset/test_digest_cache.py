"""Digests that are kept, and when they are not believed."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path

import pytest

from harness.dataset import digest_cache
from harness.dataset.digest_cache import SETTLED_NS, DigestCache
from harness.files.digest import file_sha256

LONG_AGO_NS = 10**18
LATER = 2**62


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"A")
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    seen: list[Path] = []

    def read(path: Path) -> str:
        seen.append(path)
        return file_sha256(path)

    monkeypatch.setattr(digest_cache, "file_sha256", read)
    return seen


def cache(tmp_path: Path, clock_ns: int = LATER) -> DigestCache:
    return DigestCache(tmp_path / "kept" / "digests.json", clock_ns=lambda: clock_ns)


def checked(files: object) -> str:
    """A file of the cache whose content has its checksum, whatever it is."""
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    return json.dumps({"format": 2, "files": files, "sha256": digest})


def test_a_file_is_read_once_by_all_runs_together(
    tmp_path: Path, file: Path, reads: list[Path]
) -> None:
    first = cache(tmp_path)
    digest = first.sha256(file)
    first.save()

    assert cache(tmp_path).sha256(file) == digest == hashlib.sha256(b"A").hexdigest()
    assert reads == [file]


@pytest.mark.parametrize("change", ["bytes", "time", "other file"])
def test_a_file_that_may_have_changed_is_read_again(
    tmp_path: Path, file: Path, reads: list[Path], change: str
) -> None:
    one = cache(tmp_path)
    one.sha256(file)
    if change == "bytes":
        file.write_bytes(b"AB")
    elif change == "time":
        file.write_bytes(b"B")
        os.utime(file, ns=(LONG_AGO_NS, LONG_AGO_NS))
    else:
        (tmp_path / "b.jpg").write_bytes(b"C")
        (tmp_path / "b.jpg").replace(file)

    assert one.sha256(file) == hashlib.sha256(file.read_bytes()).hexdigest()
    assert len(reads) == 2


def test_the_time_of_change_can_be_set_back_in_vain(
    tmp_path: Path, file: Path, reads: list[Path]
) -> None:
    one, before = cache(tmp_path), file.stat()
    one.sha256(file)
    file.write_bytes(b"B")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert one.sha256(file) == hashlib.sha256(b"B").hexdigest()


def test_a_file_that_changed_just_now_is_not_kept(
    tmp_path: Path, file: Path, reads: list[Path]
) -> None:
    one = cache(tmp_path, clock_ns=file.stat().st_ctime_ns + 1_000_000_000)
    one.sha256(file)
    one.sha256(file)
    one.save()

    assert len(reads) == 2
    assert not (tmp_path / "kept").exists()


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_and_change(path: Path) -> str:
        digest = file_sha256(path)
        path.write_bytes(b"changed")
        return digest

    monkeypatch.setattr(digest_cache, "file_sha256", read_and_change)
    one = cache(tmp_path)
    one.sha256(file)
    monkeypatch.undo()

    assert one.sha256(file) == hashlib.sha256(b"changed").hexdigest()


def test_a_missing_file_is_an_error_also_when_it_was_known(
    tmp_path: Path, file: Path
) -> None:
    one = cache(tmp_path)
    one.sha256(file)
    file.unlink()

    with pytest.raises(FileNotFoundError):
        one.sha256(file)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"format": 1, "files": {}}',
        '{"format": 2}',
        '{"format": 2, "files": {}}',
        '{"format": 2, "files": {}, "sha256": "0"}',
        checked({"/x": [1, 2]}),
        checked({"/x": [1, 2, 3, 4, "no digits"]}),
        checked({"/x": [1, 2, 3, 4, "abcd"]}),
        checked({"/x": 7}),
        checked(7),
        "\xff",
    ],
)
def test_a_damaged_cache_counts_as_empty_and_is_mended(
    tmp_path: Path, file: Path, text: str
) -> None:
    path = tmp_path / "kept" / "digests.json"
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))
    one = cache(tmp_path)

    assert one.damage
    assert one.sha256(file) == hashlib.sha256(b"A").hexdigest()
    one.save()
    assert cache(tmp_path).damage is None
    assert list(json.loads(path.read_text())["files"]) == [str(file)]


def test_one_changed_character_anywhere_is_never_believed(
    tmp_path: Path, file: Path, reads: list[Path]
) -> None:
    one = cache(tmp_path)
    right = one.sha256(file)
    one.save()
    path = tmp_path / "kept" / "digests.json"
    text = path.read_text()
    for place, was in enumerate(text):
        path.write_text(text[:place] + ("1" if was != "1" else "2") + text[place + 1 :])
        reads.clear()
        harmed = cache(tmp_path)

        assert harmed.sha256(file) == right
        assert (reads == [file]) == (harmed.damage is not None)


def test_a_missing_or_whole_file_is_no_damage(tmp_path: Path, file: Path) -> None:
    one = cache(tmp_path)
    assert one.damage is None
    one.sha256(file)
    one.save()

    assert cache(tmp_path).damage is None


def test_a_doubted_cache_reads_every_file_again_and_keeps_what_it_finds(
    tmp_path: Path, file: Path, reads: list[Path]
) -> None:
    one = cache(tmp_path)
    one.sha256(file)
    assert not one.is_believed
    one.save()
    other = cache(tmp_path)
    other.sha256(file)
    assert other.is_believed
    reads.clear()

    other.doubt()
    other.sha256(file)

    assert reads == [file]
    assert not other.is_believed


def test_what_another_process_saved_meanwhile_is_kept(
    tmp_path: Path, file: Path, reads: list[Path]
) -> None:
    other_file = tmp_path / "b.jpg"
    other_file.write_bytes(b"B")
    one, other = cache(tmp_path), cache(tmp_path)
    one.sha256(file)
    other.sha256(other_file)
    one.save()
    other.save()
    reads.clear()

    third = cache(tmp_path)
    third.sha256(file)
    third.sha256(other_file)
    assert reads == []


def test_many_writers_leave_a_whole_file(tmp_path: Path, file: Path) -> None:
    def write() -> None:
        one = cache(tmp_path)
        one.sha256(file)
        one.save()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (
        str(file)
        in json.loads((tmp_path / "kept" / "digests.json").read_text())["files"]
    )


def test_a_folder_that_cannot_be_written_stops_nothing(
    tmp_path: Path, file: Path
) -> None:
    (tmp_path / "kept").write_bytes(b"a file where the folder would be")
    one = cache(tmp_path)
    one.sha256(file)

    one.save()


def test_nothing_new_writes_nothing(tmp_path: Path, file: Path) -> None:
    cache(tmp_path).save()

    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(("later_ns", "is_kept"), [(0, False), (1, True)])
def test_a_digest_is_kept_of_a_file_that_has_been_left_alone_for_longer(
    tmp_path: Path, later_ns: int, is_kept: bool
) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"a")
    changed_ns = max(file.stat().st_mtime_ns, file.stat().st_ctime_ns)
    learning = cache(tmp_path, clock_ns=changed_ns + SETTLED_NS + later_ns)
    learning.sha256(file)
    learning.save()

    again = cache(tmp_path)
    again.sha256(file)
    assert again.is_believed is is_kept
