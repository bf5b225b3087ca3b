from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.evaluate.voc.options import PUBLISHED, VOC_CONVENTIONS, VocOptions


def test_the_defaults_are_the_published_conventions() -> None:
    assert VocOptions() == PUBLISHED
    assert PUBLISHED.interpolation == "11point"
    assert (PUBLISHED.iou_threshold, PUBLISHED.must_exceed) == (0.5, True)
    assert (PUBLISHED.inclusive_px, PUBLISHED.clip_truth) == (True, True)
    assert (PUBLISHED.prediction_origin, PUBLISHED.max_truth_boxes) == (0, 50)
    assert PUBLISHED.ignore_difficult
    assert PUBLISHED.classes_without_predictions == "skipped"
    assert PUBLISHED.images_without_objects == "skipped"
    assert PUBLISHED.recall_points == "tenths"
    assert not PUBLISHED.touching_overlap
    assert PUBLISHED.classes is None


def test_files_are_scored_by_the_published_conventions_with_every_class() -> None:
    files = VOC_CONVENTIONS["paddledetection"]

    assert files == VocOptions(classes_without_predictions="zero")
    assert list(VOC_CONVENTIONS) == ["devkit", "paddledetection"]


@pytest.mark.parametrize("threshold", [0, -0.5, 1.5, float("nan")])
def test_a_threshold_that_is_no_overlap_is_refused(threshold: float) -> None:
    with pytest.raises(
        UsageError, match=f"iou_threshold; expected above 0, at most 1, got {threshold}"
    ):
        VocOptions(iou_threshold=threshold)


def test_no_objects_at_all_are_refused() -> None:
    with pytest.raises(UsageError, match="max_truth_boxes; expected 1 or more, got 0"):
        VocOptions(max_truth_boxes=0)
