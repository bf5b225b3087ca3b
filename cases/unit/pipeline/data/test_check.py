"""A dataset with something of everything wrong or unusual."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.errors import DatasetInvalid, DatasetMissing
from harness.pipeline.data.check import check_dataset
from harness.pipeline.measure.settings import Settings
from harness.values.datasets import KnownDataset


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    root = tmp_path / "root"
    write_coco_scenes(root, seed=3, count=6)
    return Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=root,
        known_datasets={"coco": KnownDataset(image_count=6)},
    )


@pytest.fixture
def images(settings: Settings) -> list[Path]:
    assert settings.data_root is not None
    return sorted((settings.data_root / "coco" / "val2017").iterdir())


def relative(path: Path) -> str:
    return f"coco/val2017/{path.name}"


def test_a_dataset_as_it_was_drawn_is_sound(settings: Settings) -> None:
    seen: list[tuple[int, int]] = []
    checked = check_dataset("coco", settings, progress=lambda *one: seen.append(one))

    assert checked.is_sound
    assert (checked.name, checked.image_count, checked.traits) == ("coco", 6, {})
    assert (checked.faults, checked.differences) == ((), ())
    assert len(checked.fingerprint) == 64
    assert seen == [(k, 6) for k in range(1, 7)]


def test_everything_that_is_wrong_is_named(
    settings: Settings, images: list[Path]
) -> None:
    gone, cut, broken, grey, cmyk, other = images
    gone.unlink()
    drawn = cv2.imread(str(cut))
    cut.write_bytes(cv2.imencode(".jpg", drawn)[1].tobytes()[:-2])
    broken.write_bytes(b"no image")
    cv2.imwrite(str(grey), cv2.imread(str(grey), cv2.IMREAD_GRAYSCALE))
    Image.open(cmyk).convert("CMYK").save(cmyk, "JPEG")
    other.write_bytes(cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
    (other.parent / "more.jpg").write_bytes(b"")
    (other.parent / "notes.txt").write_bytes(b"")

    checked = check_dataset("coco", settings)

    assert not checked.is_sound
    told = [one.split(f"image {gone.parent}/")[1] for one in checked.faults]
    assert [one.partition(";")[0] for one in told] == [
        f"{gone.name} cannot be read",
        f"{cut.name} is cut short",
        f"{broken.name} cannot be decoded",
    ]
    assert checked.differences == (f"{gone.name}: cannot be read",)
    assert checked.traits == {
        "cmyk": (relative(cmyk),),
        "grey": (relative(grey),),
        "other_size": (relative(other),),
        "unlisted": ("coco/val2017/more.jpg",),
    }


def test_unusual_annotations_are_told_by_image(
    settings: Settings, images: list[Path]
) -> None:
    assert settings.data_root is not None
    path = settings.data_root / "coco" / "annotations" / "instances_val2017.json"
    data: dict[str, Any] = json.loads(path.read_text())
    data["annotations"] = [one for one in data["annotations"] if one["image_id"] != 2]
    data["annotations"][0]["bbox"] = [900, 900, 0, 9]
    image_id = data["annotations"][0]["image_id"]
    path.write_text(json.dumps(data))

    checked = check_dataset("coco", settings)

    assert checked.is_sound
    assert checked.traits == {
        "without_annotations": (relative(images[1]),),
        "beyond_the_edge": (relative(images[image_id - 1]),),
        "flat": (relative(images[image_id - 1]),),
    }


def test_a_count_that_is_not_the_published_one_is_a_difference(
    settings: Settings, images: list[Path]
) -> None:
    settings.known_datasets["coco"] = KnownDataset(image_count=5000)  # type: ignore[index]

    checked = check_dataset("coco", settings)

    assert not checked.is_sound
    assert checked.differences == ("image_count: published 5000, here 6",)


def test_a_missing_dataset_and_a_malformed_one_are_refused(
    settings: Settings, images: list[Path]
) -> None:
    assert settings.data_root is not None
    path = settings.data_root / "coco" / "annotations" / "instances_val2017.json"
    path.write_text("{")
    with pytest.raises(DatasetInvalid, match="not JSON"):
        check_dataset("coco", settings)
    path.unlink()
    with pytest.raises(DatasetMissing):
        check_dataset("coco", settings)


def test_what_macos_adds_is_not_unlisted(
    settings: Settings, images: list[Path]
) -> None:
    (images[0].parent / f"._{images[0].name}").write_bytes(b"\0\5\x16\7")

    assert check_dataset("coco", settings).traits == {}
