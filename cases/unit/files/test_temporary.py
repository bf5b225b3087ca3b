"""Temporary files and folders: in use they stay, left behind they are swept."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.files import temporary
from harness.files.temporary import (
    SUFFIX,
    YOUNG_S,
    file_beside,
    folder_in,
    sweep,
    temporary_folder,
)
from harness.printable import printable

#: Writes half a file and a folder, says so, and waits to be killed.
CHILD = """
import sys, time
from pathlib import Path
from harness.files.atomic import replacing
from harness.files.temporary import folder_in

root = Path(sys.argv[1])
with replacing(root / "a.json") as beside, folder_in(root, "unpacked") as folder:
    beside.write_bytes(b"half")
    (folder / "deep").mkdir()
    (folder / "deep" / "b").write_bytes(b"half")
    print("ready", flush=True)
    time.sleep(60)
"""


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@contextmanager
def working(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of its work in a folder."""
    words = [sys.executable, "-c", CHILD, str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_what_another_process_works_on_stays_and_goes_when_it_was_killed(
    tmp_path: Path,
) -> None:
    with working(tmp_path) as process:
        in_use = names(tmp_path)
        assert len(in_use) == 2
        assert sweep(tmp_path, young_s=0) == ()
        assert names(tmp_path) == in_use

        process.send_signal(signal.SIGKILL)
        process.wait()
        assert names(tmp_path) == in_use
        swept = sweep(tmp_path, young_s=0)

    assert [one.name for one in swept] == in_use
    assert names(tmp_path) == []


@pytest.mark.parametrize(("age_s", "stays"), [(YOUNG_S - 0.1, True), (YOUNG_S, False)])
def test_one_that_may_not_be_locked_yet_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_s: float, stays: bool
) -> None:
    path = tmp_path / f".a.json.12345678{SUFFIX}"
    path.touch()
    then_s = path.stat().st_mtime
    monkeypatch.setattr(temporary.time, "time", lambda: then_s + age_s)

    sweep(tmp_path)

    assert path.exists() == stays


def test_a_sweep_logs_what_it_removed_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="harness.files.temporary")
    left = tmp_path / f".a\x1b.{SUFFIX}"
    left.touch()
    (tmp_path / "kept").touch()

    sweep(tmp_path, young_s=0)

    removed = printable(tmp_path / left.name)
    assert caplog.messages == [f"removed {removed}, which a killed process left"]


def test_a_sweep_lets_go_of_every_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f".a.{SUFFIX}").touch()
    handles: list[int] = []
    lock = temporary._lock
    monkeypatch.setattr(
        temporary, "_lock", lambda path: handles.append(lock(path)) or handles[-1]
    )

    sweep(tmp_path, young_s=0)

    (handle,) = handles
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handle)


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    """Other names, links and what they lead to, special files, and folders below."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    root = tmp_path / "root"
    root.mkdir()
    for name in (".a.json.12345678", "a.zoo-new.json", ".part"):
        (root / name).touch()
    (root / f"link{SUFFIX}").symlink_to(outside)
    os.mkfifo(root / f"pipe{SUFFIX}")
    (root / "below").mkdir()
    (root / "below" / f".x.1{SUFFIX}").touch()
    before = names(root)

    assert sweep(root, young_s=0) == ()
    assert names(root) == before
    assert names(root / "below") == [f".x.1{SUFFIX}"]
    assert names(outside) == ["kept"]


def test_what_is_another_users_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"zoo-graph-1{SUFFIX}"
    path.mkdir()
    other = os.getuid() + 1
    monkeypatch.setattr(temporary.os, "getuid", lambda: other)

    assert sweep(tmp_path, young_s=0) == ()
    assert path.is_dir()


def test_a_missing_folder_and_a_file_hold_nothing_to_sweep(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert sweep(tmp_path / "none") == sweep(tmp_path / "file") == ()


def test_without_locks_nothing_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary, "fcntl", None)
    with file_beside(tmp_path / "a") as beside:
        assert sweep(tmp_path, young_s=0) == ()
        assert beside.exists()

    assert names(tmp_path) == []


def test_a_block_leaves_nothing_however_it_ends(tmp_path: Path) -> None:
    def fail() -> None:
        with (
            folder_in(tmp_path, "one") as folder,
            file_beside(tmp_path / "two") as file,
            temporary_folder("graph") as far,
        ):
            made.extend((folder, file, far))
            (folder / "x").touch()
            raise KeyboardInterrupt

    made: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        fail()

    assert made[2].name.startswith("zoo-graph-")
    assert all(one.name.endswith(SUFFIX) and not one.exists() for one in made)
