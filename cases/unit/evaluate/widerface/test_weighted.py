import numpy as np
import pytest

from harness.evaluate.widerface.weighted import weighted_wider
from harness.values.detections import Results
from harness.values.truth import FaceTruth

BOX = [10.0, 10, 30, 30]
TRUTH = FaceTruth(
    image_ids=np.array([0, 1, 2]),
    image_names=np.array(["0--Parade/a", "0--Parade/b", "0--Parade/c"]),
    box_image_ids=np.array([0, 1, 2]),
    boxes_xywh=np.array([BOX] * 3),
    is_easy=np.array([True, False, False]),
    is_medium=np.array([True, True, False]),
    is_hard=np.array([True, True, True]),
)
FAR = [70.0, 70, 9, 9]
#: The faces of images 0 and 1 are found; three scores around 0.6 are close together.
FOUND = Results(
    evaluated_ids=TRUTH.image_ids,
    image_ids=np.array([0, 0, 1, 1, 2]),
    classes=np.zeros(5, np.int32),
    scores=np.array([0.9, 0.6002, 0.6, 0.5995, 0.0]),
    boxes=np.array([BOX, FAR, BOX, FAR, FAR]),
)


def scores(*weights: int) -> list[float]:
    return weighted_wider(FOUND, TRUTH).score(np.array(weights)).tolist()


def test_a_subset_without_a_drawn_face_has_no_ap() -> None:
    easy, medium, hard = scores(0, 0, 1)

    assert np.isnan([easy, medium]).all()
    assert hard == 0


def test_scores_are_stretched_over_the_images_that_are_drawn() -> None:
    # From 0 to 0.9 the three share one of 1000 thresholds; from 0.5995 to 0.9 each has
    # its own, and the last of them comes after the second face is found.
    assert scores(1, 1, 1)[1] == pytest.approx(50 + 50 * 2 / 4)
    assert scores(1, 1, 0)[1] == pytest.approx(50 + 50 * 2 / 3)


def test_nothing_found_scores_0() -> None:
    nothing = Results(
        evaluated_ids=TRUTH.image_ids,
        image_ids=np.zeros(0, np.int64),
        classes=np.zeros(0, np.int32),
        scores=np.zeros(0),
        boxes=np.zeros((0, 4)),
    )

    assert weighted_wider(nothing, TRUTH).score(np.array([1, 2, 0])).tolist() == [0] * 3
