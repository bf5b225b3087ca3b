"""Cache and records folder that take no file: one sentence that names the way out."""

import errno
import os
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.files import own_folders
from harness.files.own_folders import (
    CACHE,
    RECORDS,
    RESULT_FILE,
    OwnFolder,
    demand_writable,
    writing,
)

SENTENCES = {
    CACHE: r"the cache cannot be written; expected a folder with room in it, got {}; "
    r"free some space or choose another --zoo-cache \(ZOO_CACHE\)$",
    RECORDS: r"the records folder cannot be written; expected a folder with room in it,"
    r" got {}; free some space or choose another --records \(ZOO_RECORDS\)$",
    RESULT_FILE: r"the result file cannot be written; expected a folder with room in it"
    r", got {}; free some space or choose another --output$",
}


def test_a_folder_that_takes_files_is_made_and_left_empty(tmp_path: Path) -> None:
    demand_writable(tmp_path / "deep" / "er", CACHE)

    assert list((tmp_path / "deep" / "er").iterdir()) == []


@pytest.mark.parametrize("own", SENTENCES, ids=lambda own: own.option)
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_place_of_the_folder_is_told(
    tmp_path: Path, own: OwnFolder, below: str
) -> None:
    path = tmp_path / "file"
    path.touch()

    said = SENTENCES[own].format(".*")
    with pytest.raises(UsageError, match=rf"^{path / below}: {said}"):
        demand_writable(path / below, own)


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES]
)
@pytest.mark.parametrize("own", SENTENCES, ids=lambda own: own.option)
def test_what_the_system_says_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: OwnFolder, number: int
) -> None:
    def refuse(path: Path, content: bytes) -> int:
        assert len(content) == own_folders.PROBE_BYTES
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)

    said = SENTENCES[own].format(os.strerror(number))
    with pytest.raises(UsageError, match=rf"^{tmp_path}: {said}"):
        demand_writable(tmp_path, own)
    assert list(tmp_path.iterdir()) == []


def test_other_errors_are_not_turned() -> None:
    with pytest.raises(ValueError, match="mine"), writing(Path("/c"), CACHE):
        raise ValueError("mine")
