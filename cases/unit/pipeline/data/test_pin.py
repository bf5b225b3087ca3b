"""Digests of a dataset's files, pinned and then compared with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.errors import DatasetInvalid, UsageError
from harness.pipeline.data.pin import pin_dataset
from harness.pipeline.measure.known_datasets import known_datasets
from harness.pipeline.measure.opened_dataset import open_dataset
from harness.pipeline.measure.settings import Settings
from harness.registry import location
from harness.registry.location import pins_path
from harness.values.datasets import KnownDataset
from harness.values.rows import Zoo


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "expected").mkdir(parents=True)
    (tmp_path / "home" / "expected" / "datasets.toml").write_text(
        "[small.coco]\nimage_count = 4\n"
    )
    return tmp_path / "home"


@pytest.fixture
def settings(tmp_path: Path, home: Path, session_zoo: Zoo) -> Settings:
    write_coco_scenes(tmp_path / "root", seed=3, count=4)
    return Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=tmp_path / "root",
        known_datasets=known_datasets(session_zoo, home),
    )


def test_what_is_pinned_is_known_of_every_zoo_with_that_dataset(
    settings: Settings, home: Path, session_zoo: Zoo
) -> None:
    path = pin_dataset("coco", settings, home)
    known = known_datasets(session_zoo, home)["coco"]
    opened = open_dataset("coco", replace(settings, known_datasets={"coco": known}))

    assert (
        path == pins_path(home, "coco") == home / "expected" / "datasets" / "coco.txt"
    )
    assert known.image_count == 4
    assert known.fingerprint == opened.labelled.fingerprint
    assert known.truth_sha256 == opened.labelled.truth.sha256()
    assert known.files is not None
    assert len(known.files) == 5
    assert opened.differences == ()
    assert known_datasets(replace(session_zoo, name="mine"), home) == {}


def test_after_pinning_the_file_that_differs_is_named(
    settings: Settings, home: Path, session_zoo: Zoo
) -> None:
    pin_dataset("coco", settings, home)
    assert settings.data_root is not None
    path = min((settings.data_root / "coco" / "val2017").iterdir())
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    pinned = replace(settings, known_datasets=known_datasets(session_zoo, home))

    fingerprint, files = open_dataset("coco", pinned).differences

    assert fingerprint.startswith("fingerprint: published ")
    assert files == f"files of other bytes: 1 of 5: {path.name}"


def test_a_dataset_that_differs_is_not_pinned(settings: Settings, home: Path) -> None:
    wrong = replace(settings, known_datasets={"coco": KnownDataset(image_count=5000)})

    with pytest.raises(
        DatasetInvalid,
        match=r"coco is not the published dataset; expected no difference .*, got "
        r"image_count: published 5000, here 4; fetch it again",
    ):
        pin_dataset("coco", wrong, home)
    assert not pins_path(home, "coco").exists()


def test_a_part_is_not_pinned(settings: Settings, home: Path) -> None:
    with pytest.raises(UsageError, match="a part of a dataset cannot be pinned"):
        pin_dataset("coco", replace(settings, limit=2), home)


def test_a_truth_that_is_not_the_pinned_one_is_a_difference(settings: Settings) -> None:
    known = {"coco": KnownDataset(truth_sha256="0" * 64)}
    (told,) = open_dataset("coco", replace(settings, known_datasets=known)).differences

    assert told.startswith(f"truth_sha256: published {'0' * 64}, here ")


def test_an_installed_package_is_not_pinned(
    settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "_SHIPPED", home)

    with pytest.raises(
        UsageError, match=r"^digests of a dataset's files of a zoo that"
    ):
        pin_dataset("coco", settings, home)
