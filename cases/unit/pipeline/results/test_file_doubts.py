from pathlib import Path

import numpy as np
import pytest

from harness.formats import voc_comp4
from harness.pipeline.results.convention import Convention, voc_convention
from harness.pipeline.results.file_doubts import file_doubts
from harness.values.truth import VocTruth

DEVKIT = voc_convention("devkit", "asked for")
CLASSES = ("cat", "dog", "cow", "emu")  # an emu is difficult wherever it stands


@pytest.fixture
def truth() -> VocTruth:
    return VocTruth(
        image_ids=np.array([0]),
        image_names=np.array(["000001"]),
        sizes_wh=np.array([[100, 100]]),
        class_names=np.array(CLASSES),
        box_image_ids=np.zeros(4, np.int64),
        box_classes=np.arange(4, dtype=np.int32),
        boxes_xyxy=np.tile([10.0, 10, 50, 50], (4, 1)),
        is_difficult=np.array([False, False, False, True]),
    )


def doubts_of(
    folder: Path,
    truth: VocTruth,
    detected: tuple[str, ...],
    *,
    absent: tuple[str, ...] = (),
    convention: Convention = DEVKIT,
) -> tuple[str, ...]:
    """Return what is said of a folder with a line for each class detected."""
    folder.mkdir()
    for name in CLASSES:
        if name not in absent:
            line = "000001 0.5 11 11 50 50\n" if name in detected else ""
            (folder / f"comp4_det_test_{name}.txt").write_text(line)
    results = voc_comp4.read(folder, truth)
    return file_doubts(folder, results, truth, convention)


def test_nothing_is_said_where_every_class_with_an_object_has_a_line(
    truth: VocTruth, tmp_path: Path
) -> None:
    assert doubts_of(tmp_path / "a", truth, ("cat", "dog", "cow")) == ()
    absent = doubts_of(tmp_path / "b", truth, ("cat", "dog", "cow"), absent=("emu",))
    assert absent == ()


def test_a_class_without_a_file_is_told_from_one_without_a_line(
    truth: VocTruth, tmp_path: Path
) -> None:
    (doubt,) = doubts_of(tmp_path / "a", truth, ("cat",), absent=("dog",))

    assert doubt.startswith(
        "no file of dog and no line in the file of cow: 2 of 3 classes count 0 in the "
    )
    (doubt,) = doubts_of(tmp_path / "b", truth, ("cat", "cow"), absent=("dog",))
    assert doubt.startswith("no file of dog: 1 of 3 classes count 0 in the mean; --cl")
    (doubt,) = doubts_of(tmp_path / "c", truth, ("cat", "cow"))
    assert doubt.startswith("no line in the file of dog: 1 of 3 classes count 0")


def test_classes_that_are_not_scored_are_not_missed(
    truth: VocTruth, tmp_path: Path
) -> None:
    some = voc_convention("devkit", "asked for", ("cat", "dog"))

    assert doubts_of(tmp_path / "a", truth, ("cat", "dog"), convention=some) == ()
    (doubt,) = doubts_of(tmp_path / "b", truth, ("cat",), convention=some)
    assert doubt.startswith("no line in the file of dog: 1 of 2 classes count 0")
