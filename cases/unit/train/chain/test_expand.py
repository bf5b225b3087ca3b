from dataclasses import replace

import numpy as np
import pytest

from harness.train.chain.expand import FILL_RGB, Expand, wrapped
from testing.samples import Told, build_sample


def expanded_slowly(rgb, top, left, height, width):
    found = np.zeros((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                inside = 0 <= y - top < len(rgb) and 0 <= x - left < len(rgb[0])
                grey = float(rgb[y - top][x - left][c]) if inside else FILL_RGB[c]
                found[y, x, c] = int(grey) % 256
    return found


@pytest.mark.parametrize("seed", range(12))
def test_an_image_is_expanded_as_defined(seed):
    sample = build_sample(seed=seed)
    floats = sample.rgb.astype(np.float32) * 1.7 - 60
    sample = replace(sample, rgb=floats)

    found = Expand(probability=1.0)(sample, np.random.RandomState(seed))

    again = np.random.RandomState(seed)
    again.uniform()
    ratio = again.uniform(1, 4)
    height, width = int(6 * ratio), int(8 * ratio)
    if height == 6 or width == 8:
        assert found is sample
        return
    top, left = again.randint(0, height - 6), again.randint(0, width - 8)
    assert np.array_equal(
        found.rgb, expanded_slowly(floats.tolist(), top, left, height, width)
    )
    moved = [1 + left, 1 + top, 4 + left, 3 + top]
    assert found.boxes_xyxy.tolist() == [moved]


def test_an_expansion_worked_by_hand():
    sample = build_sample(height_px=2, width_px=2, boxes=[(0, 0, 1, 1)])
    sample.rgb[:] = 7

    found = Expand()(sample, Told(uniform=[0.4, 2.0], randint=[1, 0]))

    assert found.rgb[..., 0].tolist() == [[123] * 4, [7, 7, 123, 123]] * 1 + [
        [7, 7, 123, 123],
        [123] * 4,
    ]
    assert found.rgb[0, 0].tolist() == [123, 116, 103]
    assert found.boxes_xyxy.tolist() == [[0, 1, 1, 2]]


def test_values_that_are_no_bytes_wrap_around():
    floats = np.array([-1.5, -0.9, 0.9, 255.9, 256.9, 300, -300], np.float32)

    assert wrapped(floats).tolist() == [255, 0, 0, 255, 0, 44, 212]


@pytest.mark.parametrize(
    "uniforms",
    [[0.5], [0.4, 1.1]],  # not drawn; 2.2 px are no more than 2
)
def test_an_image_that_is_not_expanded_keeps_its_floats(uniforms):
    sample = build_sample(height_px=2, width_px=2)
    sample = replace(sample, rgb=sample.rgb.astype(np.float32) - 300)

    assert Expand()(sample, Told(uniform=uniforms)) is sample
