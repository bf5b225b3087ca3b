"""What killed fetches and unpackings left in a cache."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.artifact.leftovers import sweep_archives
from harness.files.temporary import SUFFIX, YOUNG_S

DIGEST = "a" * 64
#: Holds a lock, says so, and waits to be ended.
CHILD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache after kills: an archive half fetched, one half unpacked, a half note."""
    entry = tmp_path / "archives-1" / "x.tar-0123456789ab"
    entry.mkdir(parents=True)
    for name in ("x.tar", ".part", ".lock", ".source.json"):
        (entry / name).write_bytes(b"1")
    note = entry / f".source.json.12345678{SUFFIX}"
    note.write_bytes(b"1")
    os.utime(note, (time.time() - 2 * YOUNG_S,) * 2)
    folders = tmp_path / "folders-1"
    (folders / DIGEST).mkdir(parents=True)
    (folders / DIGEST / ".part").write_bytes(b"an archive may hold such a file")
    (folders / f".{DIGEST}.new-abc" / "content").mkdir(parents=True)
    (folders / f".{DIGEST}.lock").touch()
    return tmp_path


def files(cache: Path) -> list[str]:
    return sorted(one.relative_to(cache).as_posix() for one in cache.rglob("*"))


def test_what_was_left_goes_and_all_else_stays(cache: Path) -> None:
    before = files(cache)

    sweep_archives(cache)

    entry, folders = "archives-1/x.tar-0123456789ab", "folders-1"
    assert set(before) - set(files(cache)) == {
        f"{entry}/.part",
        f"{entry}/.source.json.12345678{SUFFIX}",
        f"{folders}/.{DIGEST}.new-abc",
        f"{folders}/.{DIGEST}.new-abc/content",
    }


@pytest.mark.parametrize(
    ("lock", "kept"),
    [
        ("archives-1/x.tar-0123456789ab/.lock", ".part"),
        (f"folders-1/.{DIGEST}.lock", f".{DIGEST}.new-abc"),
    ],
)
def test_what_another_process_works_on_stays(cache: Path, lock: str, kept: str) -> None:
    words = [sys.executable, "-c", CHILD, str(cache / lock)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        sweep_archives(cache)
        assert (cache / lock).with_name(kept).exists()
    finally:
        process.kill()
        process.communicate()

    sweep_archives(cache)
    assert not (cache / lock).with_name(kept).exists()


def test_a_link_that_looks_left_behind_is_not_followed(cache: Path) -> None:
    outside = cache / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (cache / "folders-1" / f".{DIGEST}.new-link").symlink_to(outside)

    sweep_archives(cache)

    assert (outside / "kept").exists()


def test_a_cache_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    sweep_archives(tmp_path / "none")

    assert list(tmp_path.iterdir()) == []


def test_what_is_no_archive_of_ours_stays(cache: Path) -> None:
    (cache / "archives-1" / "file").write_bytes(b"1")
    (cache / "archives-1" / "x.tar-0123456789ab" / ".part").unlink()
    (cache / "archives-1" / "x.tar-0123456789ab" / ".part").mkdir()
    before = {one for one in files(cache) if one.startswith("archives-1")}

    sweep_archives(cache)

    gone = before - set(files(cache))
    assert {Path(one).name for one in gone} == {f".source.json.12345678{SUFFIX}"}
