from __future__ import annotations

import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.errors import ArchiveUnreadable


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param(["x/conv1_weights"], "x", id="named like the archive"),
        pytest.param(["yolo/conv1_weights"], "yolo", id="of another name"),
        pytest.param(["conv1_weights", "conv1_bias"], ".", id="none at all"),
        pytest.param(["conv1_weights"], ".", id="a single file"),
        pytest.param(["a/b/c/conv1_weights"], "a/b/c", id="one in the other"),
        pytest.param(
            ["x/best_model/conv1_weights"], "x/best_model", id="below the name"
        ),
        pytest.param(["x/conv1_weights", "README"], "x", id="the name beside a file"),
        pytest.param(["x/a", "y/b"], "x", id="the name beside another folder"),
        pytest.param(
            ["x/float/__model__", "x/int/__model__"], "x", id="an export's two"
        ),
        pytest.param(
            ["y/a", ".DS_Store", "__MACOSX/y/._a"], "y", id="a Mac's additions"
        ),
    ],
)
def test_the_folder_of_the_checkpoint_is_found(tmp_path, files, found):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert find_checkpoint_folder(tmp_path, "x") == tmp_path / found


def test_what_macos_adds_is_no_file_of_a_model(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "._conv1_weights").touch()
    (tmp_path / "x" / ".DS_Store").touch()

    with pytest.raises(ArchiveUnreadable, match=r"^no file in the archive; .*got "):
        find_checkpoint_folder(tmp_path, "x")


@pytest.mark.parametrize(
    ("folders", "got"), [([], "nothing"), (["a", "b"], "folders only")]
)
def test_an_archive_without_a_file_is_refused(tmp_path, folders, got):
    for name in folders:
        (tmp_path / name).mkdir()

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^no file in the archive; expected a folder x with the files of a "
        rf"model, got {got}; pack the archive again$",
    ):
        find_checkpoint_folder(tmp_path, "x")
