"""Room on the disk, before the first byte."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.artifact.archive.entries import Limits
from harness.artifact.placed_files import demand_room
from harness.artifact.written_entries import claimed_bytes
from harness.errors import ArchiveUnreadable, UsageError


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(free=3_000_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)


def test_what_fits_is_let_through(tmp_path: Path, free: None) -> None:
    demand_room({tmp_path / "not" / "there" / "yet": 3_000_000_000})


def test_folders_of_one_disk_share_its_room(tmp_path: Path, free: None) -> None:
    needs = {tmp_path / "a": 2_000_000_000, tmp_path / "b": 1_500_000_000}

    with pytest.raises(
        UsageError,
        match=r"not enough room on the disk; expected 3\.50 GB free, got 3\.00 GB; "
        r"free some space, or choose another --data-root, --zoo-cache",
    ):
        demand_room(needs)


def test_what_an_archive_unpacks_to_is_counted_as_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("val/a", b"1" * 100)
        archive.writestr("other/b", b"1" * 30)

    assert claimed_bytes(path) == 130
    assert claimed_bytes(path, ("val",)) == 100


def test_a_byte_more_than_is_free_is_refused(tmp_path: Path, free: None) -> None:
    with pytest.raises(UsageError, match=r"^/\S+: not enough room on the disk; exp"):
        demand_room({tmp_path / "not" / "there": 3_000_000_001})


def test_every_disk_has_room_of_its_own(
    tmp_path: Path, free: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = Path.stat
    (tmp_path / "other").mkdir()

    def stat_of(path: Path, **options: object) -> object:
        if path.name == "other":
            return SimpleNamespace(st_dev=-1, st_mode=stat(path).st_mode)
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", stat_of)
    needs = {tmp_path / "here": 2_000_000_000, tmp_path / "other": 3_000_000_000}

    demand_room(needs)
    with pytest.raises(UsageError, match=rf"^{tmp_path}/other: .* got 3\.00 GB; "):
        demand_room({**needs, tmp_path / "other": 3_010_000_000})


def test_folders_of_an_archive_claim_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3):
            archive.writestr(f"val/{number}", b"1")

    assert claimed_bytes(path, limits=Limits(entries=3)) == 3
    with pytest.raises(ArchiveUnreadable, match="too many entries"):
        claimed_bytes(path, limits=Limits(entries=2))
