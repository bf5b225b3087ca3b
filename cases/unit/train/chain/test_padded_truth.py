import numpy as np
import pytest

from harness.train.chain.padded_truth import pad_truth
from testing.samples import build_sample


def test_boxes_are_centre_and_size_as_shares_worked_by_hand():
    sample = build_sample(height_px=10, width_px=20, boxes=[(2, 1, 12, 9)])

    found = pad_truth(sample)

    assert found.boxes_cxcywh[0].tolist() == pytest.approx([0.35, 0.5, 0.5, 0.8])
    assert found.boxes_cxcywh.shape == (50, 4)
    assert found.scores[0] == 1
    assert not found.boxes_cxcywh[1:].any()
    assert not found.classes[1:].any()
    assert not found.scores[1:].any()


def test_boxes_are_written_as_defined():
    random = np.random.RandomState(2)
    near = random.uniform(0, 50, (9, 2))
    boxes = np.concatenate([near, near + random.uniform(0, 40, (9, 2))], axis=1)
    sample = build_sample(height_px=90, width_px=95, boxes=boxes)

    found = pad_truth(sample)

    for row, (x1, y1, x2, y2) in enumerate(sample.boxes_xyxy.tolist()):
        expected = [
            (x1 / 95 + x2 / 95) / 2,
            (y1 / 90 + y2 / 90) / 2,
            x2 / 95 - x1 / 95,
            y2 / 90 - y1 / 90,
        ]
        assert found.boxes_cxcywh[row].tolist() == pytest.approx(expected, abs=1e-6)
        assert found.classes[row] == row


@pytest.mark.parametrize("count", [49, 50, 51])
def test_the_first_fifty_boxes_have_room(count):
    boxes = [(place, 0, place + 1, 5) for place in range(count)]
    sample = build_sample(width_px=100, boxes=boxes)

    found = pad_truth(sample)

    kept = min(count, 50)
    assert found.scores.sum() == kept
    assert found.classes[:kept].tolist() == list(range(kept))
    assert found.boxes_cxcywh[kept - 1, 0] == pytest.approx((kept - 0.5) / 100)
