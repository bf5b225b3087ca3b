import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.layouts.contract import Stored, WeightSource
from harness.model.networks.eight_bits import quantise_weights
from harness.model.networks.shapes import network_shapes
from harness.model.quantised.integer_weights import (
    demand_float_weights,
    demand_integers,
    is_whole,
)


def source_of(arrays):
    return WeightSource(
        stored={
            name: Stored(name=name, place=name, read=lambda one=one: one)
            for name, one in arrays.items()
        },
        unit="file",
    )


@pytest.fixture
def shapes(tiny_network):
    return network_shapes(tiny_network)


def test_float_weights_are_what_a_checkpoint_has(shapes, random_weights):
    demand_float_weights(source_of(random_weights), shapes)


def test_integer_weights_without_a_program_are_refused(shapes, random_weights):
    frozen = dict(random_weights)
    frozen["conv6_sep_weights"] = quantise_weights(frozen["conv6_sep_weights"]).integers

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^integer weights without the program that says what they stand for; "
        "expected float weights, or an inference program beside them, "
        "got conv6_sep_weights$",
    ):
        demand_float_weights(source_of(frozen), shapes)


@pytest.mark.parametrize("name", ["channel_scale_7", "conv1_weights.int8"])
def test_what_freezing_adds_is_named_too(name, shapes, random_weights):
    more = {**random_weights, name: np.ones(4, np.float32)}

    with pytest.raises(ArchiveUnreadable, match=f"^integer weights .* got {name}$"):
        demand_float_weights(source_of(more), shapes)


def test_a_checkpoint_with_a_variable_missing_is_not_called_integer(
    shapes, random_weights
):
    left = {
        name: one for name, one in random_weights.items() if name != "conv1_weights"
    }

    demand_float_weights(source_of(left), shapes)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        *[([127, -3], True), ([0, -2], True), ([-127, 0], True)],
        *[([0, 1], False), ([-1, 1], False), ([0, 0], False)],
        *[([2, 0.5], False), ([128, 3], False), ([-128, 3], False)],
    ],
)
def test_zeros_and_ones_are_no_sign_of_integers(values, expected):
    assert is_whole(np.float32(values)) is expected


def test_frozen_weights_reach_from_minus_127_to_127():
    demand_integers("conv", np.float32([-127, 0, 127]).reshape(3, 1, 1, 1))


@pytest.mark.parametrize(
    ("value", "told"), [(0.5, "0.5"), (128, "128.0"), (-128, "-128.0")]
)
def test_a_frozen_weight_that_is_no_integer_of_8_bits_is_named(value, told):
    weights = np.zeros((2, 1, 3, 3), np.float32)
    weights[1, 0, 2, 1] = value

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^conv: element \(1, 0, 2, 1\); expected a whole number from -127 to "
        rf"127, got {told}$",
    ):
        demand_integers("conv", weights)
