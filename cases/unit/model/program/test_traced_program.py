from dataclasses import replace
from itertools import pairwise

import pytest

from harness.errors import ArchiveUnreadable
from harness.model.fluid.program_desc import Operator
from harness.model.program.traced_program import (
    TracedConv,
    demand_known,
    fake_operators,
    trace_convs,
)


def operator(kind, inputs, outputs, **attributes):
    return Operator(
        kind=kind,
        inputs={key: tuple(value.split()) for key, value in inputs.items()},
        outputs={key: tuple(value.split()) for key, value in outputs.items()},
        attributes=attributes,
    )


QUANTISE = operator(
    "fake_quantize_moving_average_abs_max",
    {"X": "x", "InScale": "x.scale"},
    {"Out": "x.quantized", "OutScale": "x.scale"},
    bit_length=8,
)
DEQUANTISE = operator(
    "fake_dequantize_max_abs",
    {"X": "x.quantized", "Scale": "x.scale"},
    {"Out": "x.dequantized"},
    max_range=127.0,
)
WEIGHTS = operator(
    "fake_channel_wise_quantize_abs_max",
    {"X": "w"},
    {"Out": "w.quantized", "OutScale": "w.scale"},
    bit_length=8,
)
WEIGHTS_BACK = operator(
    "fake_channel_wise_dequantize_max_abs",
    {"X": "w.quantized", "Scales": "w.scale"},
    {"Out": "w.dequantized"},
    quant_bits=(8,),
)


def conv(read, weights):
    return operator("conv2d", {"Input": read, "Filter": weights}, {"Output": "y"})


def after(scales="channel_scale_3 x.scale"):
    return operator(
        "fake_channel_wise_dequantize_max_abs",
        {"X": "y", "Scales": scales},
        {"Out": "y.dequantized"},
        quant_bits=(8, 8),
    )


def test_a_convolution_in_float():
    assert trace_convs([conv("x", "w")]) == (
        TracedConv(
            weights="w", activation=None, activation_scale=None, weight_scale=None
        ),
    )


def test_what_quantises_the_output_of_a_convolution_is_none_of_its_own():
    quantised_next = replace(QUANTISE, inputs={"X": ("y",), "InScale": ("y.scale",)})

    (traced,) = trace_convs([conv("x", "w"), quantised_next])

    assert (traced.weights, traced.activation) == ("w", None)


def test_a_simulated_convolution():
    program = [WEIGHTS, WEIGHTS_BACK, QUANTISE, DEQUANTISE]

    assert trace_convs([*program, conv("x.dequantized", "w.dequantized")]) == (
        TracedConv(
            weights="w", activation="x", activation_scale="x.scale", weight_scale=None
        ),
    )


def test_a_frozen_convolution():
    assert trace_convs([QUANTISE, conv("x.quantized", "w"), after()]) == (
        TracedConv(
            weights="w",
            activation="x",
            activation_scale="x.scale",
            weight_scale="channel_scale_3",
        ),
    )


@pytest.mark.parametrize(
    "program",
    [
        [QUANTISE, conv("x.quantized", "w")],
        [QUANTISE, DEQUANTISE, conv("x.dequantized", "w")],
        [WEIGHTS, WEIGHTS_BACK, conv("x", "w.dequantized")],
        [WEIGHTS, QUANTISE, conv("x.quantized", "w.quantized"), after()],
        [conv("x", "w"), after()],
        [QUANTISE, conv("x.quantized", "w"), after(), after()],
    ],
)
def test_a_convolution_of_which_a_part_is_quantised_is_named(program):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^the program quantises a part of the convolution of w; expected what "
        "it reads and its weights, or neither$",
    ):
        trace_convs(program)


@pytest.mark.parametrize("scales", ["channel_scale_3 z.scale", "channel_scale_3"])
def test_a_convolution_dequantised_by_another_scale_is_named(scales):
    told = scales.replace(" ", ", ")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^the program dequantises what w gives by other scales; expected those "
        rf"of its channels, and x\.scale, got {told}$",
    ):
        trace_convs([QUANTISE, conv("x.quantized", "w"), after(scales)])


def test_what_the_zoo_uses_is_known():
    program = [QUANTISE, DEQUANTISE, WEIGHTS, WEIGHTS_BACK, conv("a", "b"), after()]

    demand_known(program)

    assert len(fake_operators(program)) == 5


def test_another_quantisation_is_named():
    other = operator("fake_quantize_abs_max", {"X": "x"}, {"Out": "y"}, bit_length=8)

    with pytest.raises(
        ArchiveUnreadable, match=r"^operator fake_quantize_abs_max of the program; exp"
    ):
        demand_known([other])


@pytest.mark.parametrize(
    "attributes", [{"bit_length": 4}, {"quant_bits": (8, 4)}, {"quant_bits": (16,)}]
)
def test_other_than_8_bits_is_named(attributes):
    other = operator(QUANTISE.kind, {"X": "x"}, {"Out": "y"}, **attributes)

    with pytest.raises(
        ArchiveUnreadable, match=r"max of the program: bits; expected 8"
    ):
        demand_known([other])


def in_place(one):
    return replace(one, outputs={"Out": one.inputs["X"]})


@pytest.mark.parametrize(
    ("operators", "name"),
    [
        ([QUANTISE, in_place(DEQUANTISE), conv("x.quantized", "w")], "x.quantized"),
        ([WEIGHTS, in_place(WEIGHTS_BACK), conv("x", "w.quantized")], "w.quantized"),
    ],
)
def test_a_value_that_is_made_of_itself_is_named(operators, name):
    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^the program quantises {name} in place; expected a variable",
    ):
        trace_convs(operators)


def test_a_value_is_traced_through_more_operators_than_python_calls_deep():
    names = ["x.quantized", *(f"step{place}" for place in range(1500))]
    steps = [
        replace(
            DEQUANTISE, inputs={**DEQUANTISE.inputs, "X": (x,)}, outputs={"Out": (y,)}
        )
        for x, y in pairwise(names)
    ]
    read = conv(names[-1], "w.dequantized")

    (traced,) = trace_convs([QUANTISE, *steps, WEIGHTS, WEIGHTS_BACK, read])

    assert traced.activation == "x"
