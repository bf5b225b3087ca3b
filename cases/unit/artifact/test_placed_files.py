"""Files in their place; what is there already is never changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.artifact.placed_files import place_files
from harness.errors import DatasetInvalid


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def read(folder: Path) -> dict[str, str]:
    return {
        one.relative_to(folder).as_posix(): one.read_text()
        for one in folder.rglob("*")
        if one.is_file()
    }


NEW = {"VOC/JPEGImages/1.jpg": "1", "VOC/Main/test.txt": "1", "VOC/XML/1.xml": "x"}


def test_files_are_moved_to_a_place_that_is_not_there_yet(tmp_path: Path) -> None:
    staged = write(tmp_path / "staged", NEW)

    count = place_files(staged, tmp_path / "root" / "below")

    assert count == 3
    assert read(tmp_path / "root" / "below") == NEW
    assert read(staged) == {}


def test_files_join_those_of_another_part(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"VOC/JPEGImages/5.jpg": "5"})

    place_files(write(tmp_path / "staged", NEW), root, last=("VOC/Main/test.txt",))

    assert read(root) == {"VOC/JPEGImages/5.jpg": "5", **NEW}


def test_a_file_of_the_same_bytes_stays_untouched(tmp_path: Path) -> None:
    root = write(tmp_path / "root", NEW)
    inodes = {name: (root / name).stat().st_ino for name in NEW}

    place_files(write(tmp_path / "staged", NEW), root)

    assert {name: (root / name).stat().st_ino for name in NEW} == inodes


def test_a_file_of_other_bytes_stops_all_before_the_first(tmp_path: Path) -> None:
    mine = {"VOC/JPEGImages/1.jpg": "mine"}
    root = write(tmp_path / "root", mine)

    with pytest.raises(
        DatasetInvalid,
        match=r"1 of 3 files are in .*root with other bytes; expected files as "
        r"published, or none, got VOC/JPEGImages/1\.jpg; move them away",
    ):
        place_files(write(tmp_path / "staged", NEW), root)
    assert read(root) == mine


def test_many_clashes_are_counted(tmp_path: Path) -> None:
    files = {f"{k}.jpg": "new" for k in range(5)}
    root = write(tmp_path / "root", dict.fromkeys(files, "old"))

    with pytest.raises(DatasetInvalid, match=r"5 of 5 .* 0\.jpg, 1\.jpg, 2\.jpg, \.\."):
        place_files(write(tmp_path / "staged", files), root)


def test_a_folder_in_the_place_of_a_file_is_a_clash(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"1.jpg/x": "1"})

    with pytest.raises(DatasetInvalid, match="with other bytes"):
        place_files(write(tmp_path / "staged", {"1.jpg": "1"}), root)


def test_what_vouches_for_the_others_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[str] = []
    for verb in ("rename", "replace"):
        done = getattr(Path, verb)

        def tell(path: Path, into: Path, done=done) -> Path:
            moved.append(path.name)
            return done(path, into)

        monkeypatch.setattr(Path, verb, tell)

    place_files(
        write(tmp_path / "staged", NEW), tmp_path / "root", last=("VOC/Main/test.txt",)
    )

    assert moved[-1] == "test.txt"
    assert read(tmp_path / "root") == NEW


def test_three_clashes_are_all_named(tmp_path: Path) -> None:
    files = {f"{k}.jpg": "new" for k in range(3)}
    root = write(tmp_path / "root", dict.fromkeys(files, "old"))

    with pytest.raises(DatasetInvalid, match=r"got 0\.jpg, 1\.jpg, 2\.jpg; move"):
        place_files(write(tmp_path / "staged", files), root)


def test_a_voucher_goes_into_a_folder_of_its_own(tmp_path: Path) -> None:
    staged = write(tmp_path / "staged", {"a/b/list.txt": "1", "c.jpg": "2"})

    place_files(staged, tmp_path / "root", last=("a/b/list.txt", "not there"))

    assert read(tmp_path / "root") == {"a/b/list.txt": "1", "c.jpg": "2"}
