import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.model.networks.eight_bits import (
    QuantisedWeights,
    fake_quantise,
    levels_per_unit,
    quantise_weights,
)

FLOATS = st.floats(-1e3, 1e3, width=32)
SCALES = st.floats(np.float32(1e-3), 1e3, width=32)


def test_halves_go_to_the_even_neighbour_after_clipping():
    halves = np.float32([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, 127.5, -128])

    assert fake_quantise(halves, 127).tolist() == [0, 2, 2, 0, -2, -2, 126, 127, -127]


@pytest.mark.parametrize(
    ("value", "step"),
    [  # 1.8.5, scale 3.7: halves that another order of float32 steps rounds apart
        (-3.6854331493377686, -126),
        (-3.656299352645874, -125),
        (-3.598031520843506, -123),
        (-3.539763927459717, -121),
        (-3.452362298965454, -118),
        (-3.394094705581665, -116),
        (-2.869685173034668, -98),
        (-2.811417579650879, -96),
    ],
)
def test_the_steps_are_those_of_the_old_runtime(value, step):
    steps = levels_per_unit(np.float32(3.7)) * np.float32(value)

    assert np.rint(steps) == step


@pytest.mark.parametrize(
    ("step", "value"),
    [  # 1.8.5: x * s / 127; x * (s / 127) is another float32
        (-121.0, -3.5251970291137695),
        (118.0, 3.437795400619507),
        (-49.0, -1.4275591373443604),
        (18.0, 0.5244094133377075),
    ],
)
def test_the_values_are_those_of_the_old_runtime(step, value):
    found = fake_quantise(np.float32([step * 3.7 / 127]), 3.7)

    assert found.tolist() == [value]


@given(arrays.arrays(np.float32, 8, elements=FLOATS), SCALES)
def test_rounding_stays_inside_the_scale_and_is_near(x, scale):
    found = fake_quantise(x, scale)

    clipped = np.clip(x, -scale, scale)
    assert np.abs(found).max() <= scale * (1 + 1e-6)
    assert np.abs(found - clipped).max() <= scale / 254 * (1 + 1e-4)


@given(arrays.arrays(np.float32, 8, elements=FLOATS), SCALES)
def test_rounding_is_odd_and_keeps_what_it_made(x, scale):
    found = fake_quantise(x, scale)

    assert np.array_equal(fake_quantise(-x, scale), -found)
    assert np.array_equal(fake_quantise(found, scale), found)


@given(arrays.arrays(np.float32, (3, 2, 2, 2), elements=FLOATS))
def test_each_channel_of_weights_has_its_own_scale(weights):
    found = quantise_weights(weights)

    assert np.array_equal(found.scales, np.abs(weights).max(axis=(1, 2, 3)))
    largest = np.abs(found.integers).max(axis=(1, 2, 3))
    normal = found.scales > np.float32(1e-30)
    assert np.array_equal(largest[normal], np.full(normal.sum(), 127))


def test_a_channel_of_zeros_stays_one():
    found = quantise_weights(np.zeros((2, 1, 1, 1), np.float32))

    assert found.integers.tolist() == found.values().tolist() == [[[[0]]], [[[0]]]]


def test_values_next_to_nothing_give_zeros():
    """As on 1.8.5; their inverse would be no float32."""
    values = [[1e-31, -5e-32], [3e-29, 1e-29], [1e-38, 1e-38]]
    weights = np.float32(values).reshape(3, 2, 1, 1)

    assert quantise_weights(weights).integers.ravel().tolist() == [0, 0, 127, 42, 0, 0]


def test_integers_stand_for_their_share_of_the_scale():
    one = QuantisedWeights(
        integers=np.float32([[[[127]]], [[[-1]]]]), scales=np.float32([3, 127])
    )

    assert one.values().ravel().tolist() == [3, -1]
