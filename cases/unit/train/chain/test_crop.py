import math

import numpy as np
import pytest

from harness.train.chain.crop import Crop, cut, is_kept, overlaps
from testing.samples import Told, build_sample

LIST = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, None)  # zoo-spec 5.1


def overlap_slowly(box, part):
    width = min(box[2], part[2]) - max(box[0], part[0])
    height = min(box[3], part[3]) - max(box[1], part[1])
    inter = width * height if width > 0 and height > 0 else 0.0
    areas = [(one[2] - one[0]) * (one[3] - one[1]) for one in (box, part)]
    union = sum(areas) - inter
    return inter / union if union else 0.0


def cropped_slowly(boxes, height, width, random):
    """Return the part and the boxes in it; (None, boxes) where nothing is cut."""
    for place in random.permutation(7):
        if LIST[place] is None:
            return None, boxes
        scales = random.uniform(0.3, 1.0, 50)
        aspects = random.uniform(
            [max(0.5, scale**2) for scale in scales],
            [min(2.0, 1 / scale**2) for scale in scales],
        )
        sides = [
            (int(height * scale / math.sqrt(one)), int(width * scale * math.sqrt(one)))
            for scale, one in zip(scales, aspects, strict=True)
        ]
        tops = random.randint(0, [max(height - high, 1) for high, _ in sides])
        lefts = random.randint(0, [max(width - wide, 1) for _, wide in sides])
        for (high, wide), top, left in zip(sides, tops, lefts, strict=True):
            part = (left, top, left + wide, top + high)
            if max(overlap_slowly(box, part) for box in boxes) < LIST[place]:
                continue
            kept = []
            for x1, y1, x2, y2 in boxes:
                centre_x, centre_y = (x1 + x2) / 2, (y1 + y2) / 2
                inside = part[0] <= centre_x < part[2] and part[1] <= centre_y < part[3]
                one = [
                    max(x1, left) - left,
                    max(y1, top) - top,
                    min(x2, part[2]) - left,
                    min(y2, part[3]) - top,
                ]
                if inside and one[0] < one[2] and one[1] < one[3]:
                    kept.append(one)
            if kept:
                return part, kept
    return None, boxes


@pytest.mark.parametrize("seed", range(60))
def test_the_part_and_its_boxes_are_those_of_the_definition(seed):
    random = np.random.RandomState(1000 + seed)
    near = random.randint(0, 60, (4, 2))
    boxes = np.concatenate([near, near + random.randint(0, 30, (4, 2))], axis=1)
    sample = build_sample(height_px=90, width_px=100, boxes=boxes, seed=seed)

    found = Crop()(sample, np.random.RandomState(seed))

    part, kept = cropped_slowly(
        sample.boxes_xyxy.tolist(), 90, 100, np.random.RandomState(seed)
    )
    if part is None:
        assert found is sample
        return
    x1, y1, x2, y2 = part
    assert np.array_equal(found.rgb, sample.rgb[y1:y2, x1:x2])
    assert found.boxes_xyxy.tolist() == kept


def test_cuts_and_whole_images_both_occur():
    sample = build_sample(height_px=60, width_px=60, boxes=[(5, 5, 40, 40)])

    found = [Crop()(sample, np.random.RandomState(seed)) for seed in range(40)]

    assert 0 < sum(one is sample for one in found) < 20


def told(order, *, scales, aspects, tops, lefts):
    return Told(permutation=[order], uniform=[scales, aspects], randint=[tops, lefts])


def test_a_crop_worked_by_hand():
    sample = build_sample(
        height_px=10, width_px=20, boxes=[(2, 1, 8, 5), (14, 6, 20, 10), (0, 0, 4, 2)]
    )
    # Half of 10 x 20 is 5 x 10; placed at (1, 3): columns 3 to 12, rows 1 to 5.
    random = told([0], scales=[0.5], aspects=[1.0], tops=[1], lefts=[3])

    found = Crop(thresholds=(0.3,), tries=1)(sample, random)

    # Of the first box 5 x 4 lie inside: 20 / (24 + 50 - 20) = 0.37.
    assert np.array_equal(found.rgb, sample.rgb[1:6, 3:13])
    assert found.boxes_xyxy.tolist() == [[0, 0, 5, 4]]
    assert found.classes.tolist() == [0]
    assert found.scores.tolist() == [1]


@pytest.mark.parametrize(("threshold", "is_cut"), [(0.37, True), (0.38, False)])
def test_a_part_must_overlap_some_box_by_the_threshold(threshold, is_cut):
    sample = build_sample(height_px=10, width_px=20, boxes=[(2, 1, 8, 5)])
    random = told([0], scales=[0.5], aspects=[1.0], tops=[1], lefts=[3])

    found = Crop(thresholds=(threshold,), tries=1)(sample, random)

    assert (found is not sample) == is_cut


def test_a_part_without_the_centre_of_a_box_is_not_taken():
    sample = build_sample(height_px=10, width_px=20, boxes=[(0, 0, 8, 4)])
    random = told([0], scales=[0.5], aspects=[1.0], tops=[0], lefts=[5])

    assert Crop(thresholds=(0.0,), tries=1)(sample, random) is sample


def test_the_first_good_try_is_taken():
    sample = build_sample(height_px=10, width_px=20, boxes=[(0, 0, 4, 4)])
    random = told(
        [0], scales=[0.5] * 3, aspects=[1.0] * 3, tops=[5, 1, 0], lefts=[9, 0, 0]
    )

    found = Crop(thresholds=(0.0,), tries=3)(sample, random)

    assert np.array_equal(found.rgb, sample.rgb[1:6, 0:10])


def test_the_next_threshold_has_its_turn_when_the_tries_are_used_up():
    sample = build_sample(height_px=10, width_px=20, boxes=[(0, 0, 4, 4)])
    random = Told(
        permutation=[[1, 0]],
        uniform=[[0.5], [1.0], [0.5], [1.0]],
        randint=[[0], [0], [2], [0]],
    )

    found = Crop(thresholds=(0.0, 0.9), tries=1)(sample, random)

    assert np.array_equal(found.rgb, sample.rgb[2:7, 0:10])


def test_the_published_parameters_are_the_default():
    crop = Crop()

    assert crop.thresholds == LIST
    assert (crop.tries, crop.least_scale, crop.most_aspect) == (50, 0.3, 2.0)


@pytest.mark.parametrize("sides", [(1, 1), (2, 3), (1, 40)])
def test_parts_of_the_smallest_images_lie_inside(sides):
    for seed in range(20):
        parts = Crop().draw(np.random.RandomState(seed), *sides)

        assert (parts[:, :2] >= 0).all()
        assert (parts[:, 2:] <= (sides[1], sides[0])).all()


def test_overlaps_of_boxes_without_area_are_0():
    parts, boxes = np.array([[0.0, 0, 4, 4], [1, 1, 1, 1]]), np.array([[1.0, 1, 1, 1]])

    assert overlaps(boxes, parts).tolist() == [[0], [0]]


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ((0, 0, 4, 4), True),  # centre on the near edge
        ((0, 0, 3.9, 4), False),
        ((8, 2, 12, 6), False),  # centre on the far edge
        ((7.9, 2, 12, 6), True),
        ((4, 2, 4, 6), False),  # no width
    ],
)
def test_a_box_is_kept_by_its_centre(box, kept):
    part = np.array([2.0, 2, 10, 10])

    assert is_kept(np.array([box], np.float64), part).tolist() == [kept]


def test_what_is_kept_goes_together():
    sample = build_sample(boxes=[(0, 0, 2, 2), (3, 2, 7, 6), (1, 1, 5, 5)])

    found = cut(sample, np.array([2.0, 1, 6, 5]), np.array([False, True, True]))

    assert found.boxes_xyxy.tolist() == [[1, 1, 4, 4], [0, 0, 3, 4]]
    assert found.classes.tolist() == [1, 2]
