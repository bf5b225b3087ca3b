import numpy as np
import pytest

from harness.train.chain.flip import Flip, flip
from testing.samples import Told, build_sample, equal_arrays


def test_an_image_is_mirrored_as_defined():
    sample = build_sample(boxes=[(1, 1, 4, 3), (0, 2, 7, 5)])

    found = flip(sample)

    for y in range(6):
        for x in range(8):
            assert found.rgb[y, x].tolist() == sample.rgb[y, 8 - x - 1].tolist()
    assert found.boxes_xyxy.tolist() == [[3, 1, 6, 3], [0, 2, 7, 5]]


def test_a_box_that_ends_at_the_width_begins_one_pixel_before_the_image():
    sample = build_sample(boxes=[(5, 1, 8, 3)])

    assert flip(sample).boxes_xyxy.tolist() == [[-1, 1, 2, 3]]


def test_two_flips_are_none():
    sample = build_sample()

    assert equal_arrays(flip(flip(sample)), sample)


@pytest.mark.parametrize(("drawn", "is_flipped"), [(0.49, True), (0.5, False)])
def test_half_of_the_images_are_flipped(drawn, is_flipped):
    sample = build_sample()

    found = Flip()(sample, Told(uniform=[drawn]))

    assert np.array_equal(found.rgb, sample.rgb[:, ::-1]) == is_flipped
