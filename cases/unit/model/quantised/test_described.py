import numpy as np
import pytest

from harness.model.quantised.described import describe_convs, eight_bit_weights
from harness.model.quantised.quantisation import (
    CHECKPOINT,
    FROZEN,
    Quantisation,
    QuantisedConv,
)

WEIGHTS = np.float32([[[[1, -4]]], [[[0.5, 0]]]])  # [2, 1, 1, 2]


def quantisation(kind, weight_scale=None):
    conv = QuantisedConv(
        weights="w", activation="image", activation_scale=2.5, weight_scale=weight_scale
    )
    return Quantisation(kind=kind, convs=(conv,), float_convs=("out",))


def test_float_weights_are_described_as_they_are_rounded():
    values = {"w": WEIGHTS, "out": WEIGHTS}

    found, left = describe_convs(quantisation(CHECKPOINT), values)

    assert (found.weights, found.channels, found.activation) == ("w", 2, "image")
    assert found.activation_scale == 2.5
    assert found.weight_scales == (4, 0.5)
    assert found.integers == (-127, 127)
    assert (left.weights, left.channels, left.integers) == ("out", 2, None)


@pytest.mark.parametrize("held", ["w", "w.int8"])
def test_integers_are_described_by_the_scales_beside_them(held):
    values = {
        held: np.float32([[[[3]]], [[[-7]]]]),
        "channel_scale_4": np.float32([1, 2]),
        "out": WEIGHTS,
    }
    frozen = quantisation(FROZEN, "channel_scale_4")

    found, _ = describe_convs(frozen, values)

    assert found.integers == (-7, 3)
    assert found.weight_scales == (1, 2)
    assert eight_bit_weights(frozen.convs[0], values).integers is values[held]
