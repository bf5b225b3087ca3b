"""Cache and records folder before a run."""

import os
import tempfile
import time
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.files.temporary import SUFFIX, YOUNG_S
from harness.pipeline.measure.ready_folders import ready_folders
from harness.pipeline.measure.settings import Settings

#: Every kind of place that a killed run leaves something in.
PLACES = (
    "cache",
    "cache/archives-1/x-0123",
    "cache/detections-1/0123",
    "cache/folders-1",
    "cache/scenes-2/coco-1-2",
    "records",
    "records/detections",
    "records/errors",
    "records/precision/bf16",
    "records/precision/bf16/speed",
    "records/precision/bf16/truth",
    "records/retrained",
    "records/retrained/detections",
    "records/retrained/truth",
    "records/structure",
    "records/truth",
    "temporary",
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Folders of a run in a temporary place of its own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return Settings(
        cache=tmp_path / "cache", records=tmp_path / "records", data_root=None
    )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_was_left_anywhere_is_swept(
    settings: Settings, tmp_path: Path, place: str, kind: str
) -> None:
    left = tmp_path / place / f".a.json.12345678{SUFFIX}"
    beside = tmp_path / place / "a.json"
    left.parent.mkdir(parents=True, exist_ok=True)
    beside.touch()
    left.mkdir() if kind == "folder" else left.touch()
    os.utime(left, (time.time() - 2 * YOUNG_S,) * 2)

    ready_folders(settings)

    assert not left.exists()
    assert beside.exists()


@pytest.mark.parametrize("place", ["data", "records/mine", "cache/folders-1/0123"])
def test_other_folders_are_left_alone(
    settings: Settings, tmp_path: Path, place: str
) -> None:
    """Also what an archive holds: it may name its files as it likes."""
    left = tmp_path / place / f".a.json.12345678{SUFFIX}"
    left.parent.mkdir(parents=True)
    left.touch()
    os.utime(left, (time.time() - 2 * YOUNG_S,) * 2)

    ready_folders(settings)

    assert left.exists()


def test_both_folders_are_made(settings: Settings) -> None:
    ready_folders(settings)

    assert settings.cache.is_dir()
    assert settings.records.is_dir()


@pytest.mark.parametrize("name", ["cache", "records"])
def test_a_folder_that_takes_no_file_is_refused(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).touch()

    told = rf"^{tmp_path / name}: the {name}.* cannot be written"
    with pytest.raises(UsageError, match=told):
        ready_folders(settings)
