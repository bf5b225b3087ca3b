import math

import numpy as np
import pytest

from harness.train.chain.distort import OPERATIONS, Distort
from testing.samples import Told, build_sample, equal_arrays

NAMES = list(OPERATIONS)


def slowly(name, delta, red, green, blue):
    """One operation on one pixel, as the published chain defines it (zoo-spec 5.1)."""
    if name == "brightness":
        return red + delta, green + delta, blue + delta
    if name == "contrast":
        return red * delta, green * delta, blue * delta
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    if name == "saturation":
        return tuple(one * delta + luma * (1 - delta) for one in (red, green, blue))
    i = 0.596 * red - 0.274 * green - 0.321 * blue
    q = 0.211 * red - 0.523 * green + 0.311 * blue
    cos, sin = math.cos(delta * math.pi), math.sin(delta * math.pi)
    i, q = cos * i - sin * q, sin * i + cos * q
    return (
        luma + 0.956 * i + 0.621 * q,
        luma - 0.272 * i - 0.647 * q,
        luma - 1.107 * i + 1.705 * q,
    )


@pytest.mark.parametrize("seed", range(24))
def test_colours_are_distorted_as_defined(seed):
    sample = build_sample(seed=seed)
    drawn = Distort().draw(np.random.RandomState(seed))

    found = Distort()(sample, np.random.RandomState(seed)).rgb

    for y, row in enumerate(sample.rgb.tolist()):
        for x, colour in enumerate(row):
            pixel = tuple(colour)
            for name, delta in drawn:
                pixel = slowly(name, delta, *pixel)
            assert found[y, x].tolist() == pytest.approx(pixel, abs=2e-3)


def drawing(order, uniforms):
    """The order of the operations, then for each: is it applied, and by what."""
    return Told(permutation=[[NAMES.index(one) for one in order]], uniform=uniforms)


def test_brightness_adds_a_grey_level_where_a_factor_was_meant():
    sample = build_sample()

    found = Distort()(sample, drawing(NAMES, [0.1, 1.25, 0.9, 0.9, 0.9]))

    assert np.array_equal(found.rgb, sample.rgb.astype(np.float32) + 1.25)


def test_contrast_leaves_the_range_of_bytes():
    sample = build_sample()
    sample.rgb[0, 0] = (200, 100, 0)

    found = Distort()(sample, drawing(NAMES, [0.9, 0.1, 1.5, 0.9, 0.9]))

    assert found.rgb.dtype == np.float32
    assert found.rgb[0, 0].tolist() == [300, 150, 0]


def test_no_saturation_at_half_way_to_the_luma():
    sample = build_sample()
    sample.rgb[0, 0] = (100, 0, 0)

    found = Distort()(sample, drawing(NAMES, [0.9, 0.9, 0.1, 0.5, 0.9]))

    assert found.rgb[0, 0].tolist() == pytest.approx([64.95, 14.95, 14.95], abs=1e-3)


def test_half_a_turn_of_the_hue_makes_cyan_of_red():
    sample = build_sample()
    sample.rgb[0, 0] = (200, 0, 0)

    found = Distort()(sample, drawing(NAMES, [0.9, 0.9, 0.9, 0.1, 17.0]))

    red, green, blue = found.rgb[0, 0].tolist()
    assert red < 0  # nothing is cut to 0 to 255
    assert green > 100
    assert blue == pytest.approx(green, abs=4)


def test_the_order_is_drawn_and_counts():
    sample = build_sample()
    sample.rgb[:] = 100
    first = drawing(
        ["brightness", "contrast", "hue", "saturation"], [0, 1, 0, 1.5, 1, 1]
    )
    last = drawing(
        ["contrast", "brightness", "hue", "saturation"], [0, 1.5, 0, 1, 1, 1]
    )

    assert Distort()(sample, first).rgb[0, 0, 0] == 151.5
    assert Distort()(sample, last).rgb[0, 0, 0] == 151


def test_nothing_drawn_leaves_the_bytes():
    sample = build_sample()

    assert Distort()(sample, drawing(NAMES, [0.5, 0.6, 0.7, 0.99])) is sample


def test_each_operation_is_applied_half_of_the_time_in_its_range():
    random = np.random.RandomState(1)
    drawn = [one for _ in range(2000) for one in Distort().draw(random)]

    for name, (_, low, high) in OPERATIONS.items():
        deltas = [delta for other, delta in drawn if other == name]
        assert len(deltas) == pytest.approx(1000, abs=80)
        assert low <= min(deltas) < low + (high - low) * 0.02
        assert high - (high - low) * 0.02 < max(deltas) <= high


def test_the_sample_that_was_given_stays_as_it_is():
    sample = build_sample()

    Distort(probability=1.0)(sample, np.random.RandomState(0))

    assert equal_arrays(sample, build_sample())
