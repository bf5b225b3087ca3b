from dataclasses import replace
from pathlib import Path

import pytest

from harness.dataset.drawn.scenes import CLASS_NAMES
from harness.errors import ZooDataError
from harness.pipeline.measure.known_datasets import known_datasets
from harness.registry.dataset_pins import DatasetPins, write_pins
from harness.registry.location import pins_path
from harness.values.datasets import KnownDataset
from harness.values.rows import Zoo

FACTS = """
[small.coco]
image_count = 5000

[other.coco]
image_count = 7
"""


def write_facts(home: Path, text: str) -> Path:
    (home / "expected").mkdir()
    (home / "expected" / "datasets.toml").write_text(text, encoding="utf-8")
    return home


def test_facts_are_those_of_the_zoo(session_zoo: Zoo, tmp_path: Path) -> None:
    home = write_facts(tmp_path, FACTS)

    assert known_datasets(session_zoo, home) == {"coco": KnownDataset(image_count=5000)}


def test_of_a_zoo_without_facts_nothing_is_known(
    session_zoo: Zoo, tmp_path: Path
) -> None:
    home = write_facts(tmp_path, FACTS)

    assert known_datasets(replace(session_zoo, name="mine"), home) == {}


def test_without_the_file_nothing_is_known(session_zoo: Zoo, tmp_path: Path) -> None:
    assert known_datasets(session_zoo, tmp_path) == {}


def test_malformed_facts_are_refused(session_zoo: Zoo, tmp_path: Path) -> None:
    home = write_facts(tmp_path, "[small.coco]\nimage_count = 'many'\n")

    with pytest.raises(ZooDataError, match="image_count"):
        known_datasets(session_zoo, home)


def test_an_embedded_zoo_knows_what_it_draws(session_zoo: Zoo, tmp_path: Path) -> None:
    archives = tmp_path / "zoo" / "archives"
    archives.mkdir(parents=True)
    (archives / "embedded.toml").write_text(
        f'[scenes.coco]\nseed = 1\ncount = 2\nfingerprint = "{"a" * 64}"\n'
        f'truth_sha256 = "{"b" * 64}"\n',
        encoding="utf-8",
    )
    zoo = replace(session_zoo, root=tmp_path / "zoo")

    assert known_datasets(zoo, tmp_path) == {
        "coco": KnownDataset(
            fingerprint="a" * 64, truth_sha256="b" * 64, class_names=CLASS_NAMES
        )
    }


def test_the_zoo_s_own_facts_come_before_the_home_s(
    session_zoo: Zoo, tmp_path: Path
) -> None:
    home = write_facts(tmp_path, FACTS)
    own = tmp_path / "own"
    own.mkdir()
    (own / "datasets.toml").write_text("[voc]\nimage_count = 7\n", encoding="utf-8")

    assert known_datasets(replace(session_zoo, root=own), home) == {
        "voc": KnownDataset(image_count=7)
    }


def test_pins_add_to_the_facts_and_replace_none(
    session_zoo: Zoo, tmp_path: Path
) -> None:
    home = write_facts(tmp_path, f'[small.coco]\nfingerprint = "{"a" * 64}"\n')
    files = {"1.jpg": "0123456789abcdef"}
    pins = DatasetPins(fingerprint="b" * 64, truth_sha256="c" * 64, files=files)
    write_pins(pins_path(home, "coco"), "coco", pins)

    assert known_datasets(session_zoo, home) == {
        "coco": KnownDataset(fingerprint="a" * 64, truth_sha256="c" * 64, files=files)
    }
    write_facts_again = f'[small.coco]\ntruth_sha256 = "{"d" * 64}"\n'
    (home / "expected" / "datasets.toml").write_text(write_facts_again)
    known = known_datasets(session_zoo, home)["coco"]
    assert (known.fingerprint, known.truth_sha256) == ("b" * 64, "d" * 64)
