from pathlib import Path

import numpy as np
import pytest

from harness.formats.table import FORMATS
from harness.values.detections import Detections, Results
from harness.values.truth import CocoTruth, FaceTruth, Truth, VocTruth

IDS = np.array([0, 1, 2], np.int64)
TRUTHS: dict[type[Truth], Truth] = {
    CocoTruth: CocoTruth(
        image_ids=IDS,
        category_ids=np.array([3, 8], np.int64),
        box_image_ids=IDS[:1],
        box_category_ids=np.array([3], np.int64),
        boxes_xywh=np.ones((1, 4)),
        areas_px2=np.ones(1),
        is_crowd=np.zeros(1, np.bool_),
    ),
    VocTruth: VocTruth(
        image_ids=IDS,
        image_names=np.array(["000001", "000004", "000006"]),
        sizes_wh=np.full((3, 2), 90),
        class_names=np.array(["cat", "dog"]),
        box_image_ids=IDS[:1],
        box_classes=np.zeros(1, np.int32),
        boxes_xyxy=np.array([[1.0, 1, 9, 9]]),
        is_difficult=np.zeros(1, np.bool_),
    ),
    FaceTruth: FaceTruth(
        image_ids=IDS,
        image_names=np.array(["0--Parade/a", "0--Parade/b", "1--Run/c"]),
        box_image_ids=IDS[:1],
        boxes_xywh=np.ones((1, 4)),
        is_easy=np.ones(1, np.bool_),
        is_medium=np.ones(1, np.bool_),
        is_hard=np.ones(1, np.bool_),
    ),
}


def found(truth: Truth) -> Detections:
    """Three detections, one image without any, numbers with many digits."""
    return Detections(
        evaluated_ids=truth.image_ids,
        image_ids=np.array([0, 0, 2], np.int64),
        classes=np.array([0, 0 if isinstance(truth, FaceTruth) else 1, 0], np.int32),
        scores=np.array([0.9, 1 / 3, 0.0123456], np.float32),
        boxes_xyxy=np.array(
            [[1 / 3, 2, 30, 40.7], [5, 6, 7.1, 8], [0, 0, 1e-3, 80]], np.float32
        ),
    )


@pytest.mark.parametrize("word", FORMATS)
def test_what_is_written_is_read_back_bit_for_bit(word: str, tmp_path: Path) -> None:
    made = FORMATS[word]
    truth = TRUTHS[made.truth_kind]
    results = made.to_results(found(truth), truth)
    path = tmp_path / f"found{made.suffix}"
    made.write(results, truth, path)
    read = made.read(path, truth)

    assert path.is_dir() == made.is_folder
    assert isinstance(read, Results)
    assert read.sha256() == results.sha256()


@pytest.mark.parametrize("word", FORMATS)
def test_only_a_file_has_a_suffix(word: str) -> None:
    assert bool(FORMATS[word].suffix) != FORMATS[word].is_folder
