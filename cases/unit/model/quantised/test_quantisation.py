import pytest

from harness.model.quantised.quantisation import (
    CHECKPOINT,
    FROZEN,
    KINDS,
    Quantisation,
    QuantisedConv,
    is_output,
    is_quantised,
)

BODY = QuantisedConv(weights="conv1_weights", activation="image", activation_scale=2.0)
OUTPUT = QuantisedConv(
    weights="yolo_output.0.conv.weights", activation="x", activation_scale=3.0
)


def quantisation(*convs, float_convs=(), kind=CHECKPOINT):
    return Quantisation(kind=kind, convs=convs, float_convs=float_convs)


def test_outputs_of_yolov3_are_the_only_ones_that_may_stay_in_float():
    assert is_output(OUTPUT.weights)
    assert not is_output("conv2d_19.w_0")
    assert not is_output("yolo_block.0.0.0.conv.weights")


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("quant_post", True), ("quant_aware", True), ("baseline", False)],
)
def test_a_strategy_says_whether_its_archive_is_quantised(strategy, expected):
    assert is_quantised(strategy) is expected


def test_the_scales_are_those_of_what_each_convolution_reads():
    assert quantisation(BODY, OUTPUT).scales() == {
        "conv1_weights": 2.0,
        "yolo_output.0.conv.weights": 3.0,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_tells_the_kind(kind):
    (words,) = quantisation(BODY, kind=kind).protocol().values()

    assert words == f"8 bits: {KINDS[kind]}"


def test_the_notes_count_convolutions_and_activations():
    twice = QuantisedConv(weights="w", activation="image", activation_scale=2.0)

    assert quantisation(BODY, twice).notes("quant_aware") == (
        "8 bits: 2 convolutions, 1 activations",
    )


def test_outputs_quantised_where_sizes_say_float_are_named():
    _, told = quantisation(BODY, OUTPUT).notes("quant_aware")

    assert told == (
        "1 outputs are quantised; by the published sizes those of quant_aware are float"
    )


def test_outputs_in_float_where_sizes_say_quantised_are_named():
    found = quantisation(BODY, float_convs=(OUTPUT.weights,), kind=FROZEN)

    assert found.notes("quant_post")[1:] == (
        "1 outputs are float; by the published sizes those of quant_post are quantised",
    )
    assert len(found.notes("quant_aware")) == 1


def test_any_other_convolution_in_float_is_named():
    found = quantisation(BODY, float_convs=("conv6_sep_weights",), kind=FROZEN)

    assert found.notes("quant_aware")[1:] == ("not quantised: conv6_sep_weights",)
