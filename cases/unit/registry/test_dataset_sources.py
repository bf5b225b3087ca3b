"""The facts of where datasets are; and the shipped ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.registry.dataset_sources import DataPart, read_dataset_sources
from harness.registry.datasets import read_known_datasets

EXPECTED = Path(__file__).parents[3] / "expected"
SHIPPED = read_dataset_sources(EXPECTED / "dataset_sources.toml")

PART = """
[coco.val]
split = "val"
holds = "images"
url = "http://host/zips/val.zip"
takes = ["val"]
files = { "coco/val" = 5 }
"""


def read(tmp_path: Path, text: str) -> tuple[DataPart, ...]:
    path = tmp_path / "dataset_sources.toml"
    path.write_text(text, encoding="utf-8")
    return read_dataset_sources(path)


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    (part,) = read(tmp_path, PART)

    assert (part.dataset, part.name, part.file_name) == ("coco", "val", "val.zip")
    assert (part.size_bytes, part.digests, part.mirrors) == (None, (), ())
    assert (part.below, part.list_path, part.listed) == (".", None, ())
    assert part.files == {"coco/val": 5}


def test_without_the_file_no_dataset_is_known(tmp_path: Path) -> None:
    assert read_dataset_sources(tmp_path / "none.toml") == ()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (PART.replace("coco.val", "cows.val"), "cows: name of the dataset; expected"),
        (PART + "colour = 1\n", "coco: val: unknown field"),
        (PART + 'digests = ["crc:1"]\n', "field digests; expected md5:, sha1: or sha2"),
        (PART + 'below = "/etc"\n', "a path; expected one below the data root"),
        (PART.replace('["val"]', '["../val"]'), "a path; expected one below the data"),
        (PART.replace("= 5", "= 0"), "coco/val; expected a whole number from 1"),
        (PART.replace("url", "address"), "field url; expected a text, got nothing"),
    ],
)
def test_what_is_malformed_is_named(tmp_path: Path, wrong: str, message: str) -> None:
    with pytest.raises(ZooDataError, match=rf"dataset_sources\.toml: .*{message}"):
        read(tmp_path, wrong)


def test_every_published_split_has_its_parts() -> None:
    splits = Counter((one.dataset, one.split) for one in SHIPPED)

    assert splits == {
        ("coco", "val"): 2,
        ("coco", "train"): 2,
        ("voc", "test"): 1,
        ("voc", "trainval"): 2,
        ("widerface", "val"): 3,
        ("widerface", "train"): 2,
    }
    first = {one.dataset: one.split for one in reversed(SHIPPED)}
    assert first == {"coco": "val", "voc": "test", "widerface": "val"}


@pytest.mark.parametrize("part", SHIPPED, ids=lambda one: f"{one.dataset}-{one.name}")
def test_a_shipped_part_can_be_checked_by_a_digest(part: DataPart) -> None:
    assert part.digests
    assert part.takes
    assert part.files


def test_equal_addresses_have_equal_facts() -> None:
    facts = {(one.url, one.mirrors, one.size_bytes, one.digests) for one in SHIPPED}

    assert len(facts) == len({one.url for one in SHIPPED})


def test_the_images_agree_with_what_is_known_of_the_datasets() -> None:
    known = read_known_datasets(EXPECTED / "datasets.toml")["january-2020"]
    files = {path: count for one in SHIPPED for path, count in one.files.items()}

    assert files["coco/val2017"] == known["coco"].image_count == 5000
    assert files["WIDER_val/images"] == known["widerface"].image_count == 3226
    assert known["voc"].annotation_count == 12032
    assert known["widerface"].annotation_count == 39708
