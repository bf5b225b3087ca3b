from dataclasses import replace

import numpy as np
import pytest

from harness.pipeline.gate.partners import find_partners, of_images
from harness.values.detections import Detections

ONE = Detections(
    evaluated_ids=np.array([1, 2], np.int64),
    image_ids=np.array([1, 1, 2], np.int64),
    classes=np.array([0, 1, 0], np.int32),
    scores=np.array([0.9, 0.5, 0.05], np.float32),
    boxes_xyxy=np.array([[0, 0, 9, 9], [5, 5, 20, 20], [1, 1, 3, 3]], np.float32),
)


def moved(px: float = 0, score: float = 0) -> Detections:
    return replace(
        ONE,
        boxes_xyxy=ONE.boxes_xyxy + np.float32(px),
        scores=ONE.scores - np.float32(score),
    )


def test_the_same_detections_all_have_partners_and_faint_ones_are_not_asked() -> None:
    partners = find_partners(ONE, ONE)

    assert (partners.with_partner, partners.of, partners.share) == (2, 2, 1.0)


@pytest.mark.parametrize(
    ("px", "score", "met"), [(0.5, 0, 2), (0.51, 0, 0), (0, 0.009, 2), (0, 0.011, 0)]
)
def test_a_partner_is_as_near_as_the_limit_and_no_further(
    px: float, score: float, met: int
) -> None:
    assert find_partners(ONE, moved(px, score)).with_partner == met


@pytest.mark.parametrize("field", ["image_ids", "classes"])
def test_a_partner_is_of_the_same_image_and_class(field: str) -> None:
    other = replace(ONE, **{field: ONE.arrays()[field] + 5})

    assert find_partners(ONE, other).with_partner == 0


def test_a_partner_is_the_partner_of_one_alone() -> None:
    arrays = {
        name: np.repeat(ONE.arrays()[name], 2, axis=0)
        for name in ("image_ids", "classes", "scores", "boxes_xyxy")
    }
    twice = Detections(evaluated_ids=ONE.evaluated_ids, **arrays)

    assert find_partners(twice, ONE).share == 0.5
    assert find_partners(ONE, twice).share == 1.0


def test_all_of_nothing_has_a_partner() -> None:
    nothing = of_images(ONE, np.array([2]))

    assert nothing.evaluated_ids.tolist() == [2]
    assert len(nothing.scores) == 1
    assert find_partners(nothing, nothing).share == 1.0
