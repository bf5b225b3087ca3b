from __future__ import annotations

import os

import pytest

from harness.artifact.cache_entry import Content, read_content
from harness.artifact.unpack import is_intact, read_manifest, write_manifest

FILES = {"x/a": Content(sha256="aa", size_bytes=1)}


@pytest.fixture
def listed(tmp_path):
    folder = tmp_path / "folder"
    (folder / "x").mkdir(parents=True)
    (folder / "x/a").write_bytes(b"1")
    (folder / "b").write_bytes(b"22")
    return folder, {name: read_content(folder / name) for name in ("x/a", "b")}


def test_a_list_comes_back_as_it_was_written(tmp_path):
    write_manifest(tmp_path / "list.json", FILES)

    assert read_manifest(tmp_path / "list.json") == FILES
    assert (tmp_path / "list.json").read_text() == (
        '{\n  "files": {\n    "x/a": {\n      "sha256": "aa",\n'
        '      "size_bytes": 1\n    }\n  },\n  "format": 1\n}\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[]",
        "{}",
        '{"format": 2, "files": {}}',
        '{"format": 1, "files": []}',
        '{"format": 1, "files": {"x": {}}}',
    ],
)
def test_a_list_that_cannot_be_read_vouches_for_nothing(tmp_path, text):
    if text is not None:
        (tmp_path / "list.json").write_text(text)

    assert read_manifest(tmp_path / "list.json") is None


def test_a_folder_with_exactly_its_files_is_intact(listed):
    assert is_intact(*listed)


def test_a_missing_folder_is_not_intact(listed, tmp_path):
    assert not is_intact(tmp_path / "none", {})


@pytest.mark.parametrize("harm", ["byte", "longer", "missing", "extra", "link", "pipe"])
def test_a_folder_with_other_files_is_not_intact(listed, harm):
    folder, files = listed
    match harm:
        case "byte":
            (folder / "b").write_bytes(b"23")
        case "longer":
            (folder / "b").write_bytes(b"222")
        case "missing":
            (folder / "b").unlink()
        case "extra":
            (folder / "c").touch()
        case "link":
            (folder / "c").symlink_to("x")
        case "pipe":
            os.mkfifo(folder / "c")

    assert not is_intact(folder, files)


def test_a_link_to_an_intact_folder_is_not_intact(listed, tmp_path):
    folder, files = listed
    (tmp_path / "link").symlink_to(folder)

    assert not is_intact(tmp_path / "link", files)
