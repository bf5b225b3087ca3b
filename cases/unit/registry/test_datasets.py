from pathlib import Path

import pytest

from harness.dataset.voc_lists import CLASS_NAMES
from harness.errors import ZooDataError
from harness.registry.datasets import read_known_datasets
from harness.values.datasets import KnownDataset


def test_the_published_datasets_are_known(repository: Path) -> None:
    known = read_known_datasets(repository / "expected" / "datasets.toml")
    coco = known["january-2020"]["coco"].class_names or ()

    assert (len(coco), coco[0], coco[11], coco[-1]) == (
        *(80, "person", "stop sign"),  # id 13: the ids have gaps
        "toothbrush",
    )
    assert known["march-2020"] == known["january-2020"]
    assert known["january-2020"] == {
        "coco": KnownDataset(
            image_count=5000,
            annotation_count=36781,
            training_image_count=117_266,
            class_names=coco,
        ),
        "voc": KnownDataset(
            image_count=4952,
            annotation_count=12032,
            training_image_count=16_551,
            class_names=CLASS_NAMES,
        ),
        "widerface": KnownDataset(
            image_count=3226,
            annotation_count=39708,
            truth_sha256="49eeaf3ef50d8521df5c8f638e82aca1"
            "d320040e3cc93ae2b1adc7550d3d2a38",
        ),
    }


def test_a_fingerprint_is_read(tmp_path: Path) -> None:
    path = tmp_path / "datasets.toml"
    path.write_text(f'[demo.coco]\nfingerprint = "{"a" * 64}"\n')

    assert read_known_datasets(path)["demo"]["coco"].fingerprint == "a" * 64


def test_a_missing_file_knows_nothing(tmp_path: Path) -> None:
    assert read_known_datasets(tmp_path / "datasets.toml") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[demo.lvis]\n",
            "section demo.lvis: name of the dataset; expected coco or voc",
        ),
        ("[demo.coco]\nimages = 1\n", "unknown field; expected image_count, .*images"),
        ("[demo.coco]\nimage_count = 0\n", "field image_count; expected a whole"),
        ('[demo.coco]\nfingerprint = "x"\n', "field fingerprint; expected 64 hexa"),
        (
            '[demo.coco]\nclass_names = ["a", "b", "a"]\n',
            "field class_names; expected each class once, got a, b, a",
        ),
        (
            "[demo.voc]\nclass_names = 1\n",
            "field class_names; expected a list of texts",
        ),
        ("demo = 1\n", "its content; expected a table"),
        ("[demo]\ncoco = 1\n", "section demo.coco: its content; expected a table"),
    ],
)
def test_a_malformed_fact_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "datasets.toml"
    path.write_text(text)

    with pytest.raises(ZooDataError, match=rf"^datasets\.toml: .*{expected}"):
        read_known_datasets(path)
