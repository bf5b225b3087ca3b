import functools
import hashlib
import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from harness.dataset import digest_cache
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.errors import DatasetInvalid, DatasetMissing
from harness.pipeline.measure import opened_dataset
from harness.pipeline.measure.opened_dataset import open_dataset
from harness.pipeline.measure.settings import Settings
from harness.values.datasets import KnownDataset


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    root = tmp_path / "root"
    write_coco_scenes(root, seed=3, count=4)
    return Settings(
        cache=tmp_path / "cache", records=tmp_path / "records", data_root=root
    )


def knowing(settings: Settings, **facts: object) -> Settings:
    return replace(settings, known_datasets={"coco": KnownDataset(**facts)})


def test_a_dataset_of_which_nothing_is_known_differs_from_nothing(
    settings: Settings,
) -> None:
    opened = open_dataset("coco", settings)

    assert (opened.name, opened.differences) == ("coco", ())
    assert len(opened.labelled.images) == 4


def test_a_dataset_is_compared_with_the_published_one(settings: Settings) -> None:
    right = open_dataset("coco", knowing(settings, image_count=4))
    wrong = open_dataset("coco", knowing(settings, image_count=5000, fingerprint="f"))

    assert right.differences == ()
    assert wrong.differences == (
        "image_count: published 5000, here 4",
        f"fingerprint: published f, here {wrong.labelled.fingerprint}",
    )


def keep_wrong_digest(settings: Settings, *, with_checksum: bool) -> None:
    """Change a digit of the digest that is kept of the first image."""
    path = settings.cache / digest_cache.FILE_NAME
    data = json.loads(path.read_text())
    name = min(one for one in data["files"] if not one.endswith(".json"))
    digest = data["files"][name][-1]
    data["files"][name][-1] = ("0" if digest[0] != "0" else "1") + digest[1:]
    if with_checksum:
        text = json.dumps(data["files"], sort_keys=True)
        data["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(data, sort_keys=True))


@pytest.mark.parametrize("with_checksum", [False, True])
def test_a_wrong_kept_digest_never_accuses_a_dataset(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, with_checksum: bool
) -> None:
    """Damage is seen by the checksum; a digest kept wrong, by reading again."""
    # So late that files are old enough for their digests to be kept.
    later = functools.partial(digest_cache.DigestCache, clock_ns=lambda: 2**62)
    monkeypatch.setattr(opened_dataset, "DigestCache", later)
    right = open_dataset("coco", settings).labelled.fingerprint
    known = knowing(settings, fingerprint=right)
    keep_wrong_digest(settings, with_checksum=with_checksum)
    notes: list[str] = []

    opened = open_dataset("coco", known, noting=notes.append)

    assert opened.differences == ()
    assert opened.labelled.fingerprint == right
    told = (
        f"{digest_cache.FILE_NAME} of the cache is made anew: "
        "its content does not have its checksum"
    )
    assert notes == ([] if with_checksum else [told])

    again: list[str] = []
    assert open_dataset("coco", known, noting=again.append).differences == ()
    assert again == []


def test_a_part_is_not_compared(settings: Settings) -> None:
    part = replace(knowing(settings, image_count=5000), limit=2)
    opened = open_dataset("coco", part)

    assert opened.labelled.limit == 2
    assert opened.differences == ()


def test_without_a_data_root_the_message_says_how_to_give_one(
    settings: Settings,
) -> None:
    with pytest.raises(
        DatasetMissing,
        match=r"no data root to look for coco in; give --data-root DIR or set "
        r"ZOO_DATA_ROOT",
    ):
        open_dataset("coco", replace(settings, data_root=None))


def test_a_dataset_without_a_reader_is_named(settings: Settings) -> None:
    with pytest.raises(
        DatasetMissing,
        match="no reader for the dataset 'moon' in this version; expected coco",
    ):
        open_dataset("moon", settings)


def test_a_root_without_the_dataset_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(DatasetMissing, match=r"instances_val2017\.json"):
        open_dataset("coco", replace(settings, data_root=tmp_path / "empty"))


def test_a_malformed_dataset_is_not_a_missing_one(settings: Settings) -> None:
    assert settings.data_root is not None
    folder = settings.data_root / "coco" / "annotations"
    (folder / "instances_val2017.json").write_text("{}", encoding="utf-8")

    with pytest.raises(DatasetInvalid):
        open_dataset("coco", settings)


@pytest.mark.parametrize(("missing", "lines"), [(1, 1), (3, 3), (4, 1)])
def test_more_than_three_faults_are_one_line(
    settings: Settings, tmp_path: Path, missing: int, lines: int
) -> None:
    root = tmp_path / "some"
    write_coco_scenes(root, seed=3, count=6)
    for path in sorted((root / "coco" / "val2017").iterdir())[:missing]:
        path.unlink()
    opened = open_dataset("coco", replace(settings, data_root=root))
    part = open_dataset("coco", replace(settings, data_root=root, limit=5))

    assert len(opened.differences) == lines
    assert part.differences == opened.differences  # faults of a part are told too


def test_many_missing_images_are_counted_and_the_first_named(
    settings: Settings, tmp_path: Path
) -> None:
    root = tmp_path / "many"
    write_coco_scenes(root, seed=3, count=6)
    for path in sorted((root / "coco" / "val2017").iterdir())[1:]:
        path.unlink()

    (told,) = open_dataset("coco", replace(settings, data_root=root)).differences

    assert told.startswith("5 files cannot be read: ")
    assert told.endswith(": cannot be read; ...")
    assert told.count("cannot be read") == 4


def test_a_set_is_read_for_its_fingerprint_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.data_root is not None
    for path in settings.data_root.rglob("*.*"):
        os.utime(path, ns=(10**18, 10**18))
    monkeypatch.setattr(digest_cache, "SETTLED_NS", -(2**62))  # ctime cannot be set
    first = open_dataset("coco", settings)
    monkeypatch.delattr(digest_cache, "file_sha256")  # reads

    assert (
        open_dataset("coco", settings).labelled.fingerprint
        == first.labelled.fingerprint
    )
    assert (settings.cache / digest_cache.FILE_NAME).is_file()


def test_what_was_opened_is_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="harness.pipeline"):
        whole = open_dataset("coco", knowing(settings, image_count=5))
        part = open_dataset("coco", replace(settings, limit=2))

    start = f"coco under {settings.data_root}: "
    whole_fingerprint, part_fingerprint = (
        whole.labelled.fingerprint,
        part.labelled.fingerprint,
    )
    assert caplog.messages == [
        f"{start}all 4 images, fingerprint {whole_fingerprint}, 1 difference",
        f"{start}the first 2 images, fingerprint {part_fingerprint}, 0 differences",
    ]
