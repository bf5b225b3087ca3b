import numpy as np
import pytest

from harness.model.networks.eight_bits import levels_per_unit, quantise_weights
from harness.model.paddle_run.runtime import NO_FRACTIONS
from harness.model.program.exact_program import exact_program
from harness.model.program.traced_program import fake_operators


def test_a_float_program_stays_what_it_is(layout_folder, open_layout):
    opened = open_layout(layout_folder("program_separate"))

    program, weights = exact_program(opened.program, opened.weights)

    assert program is opened.program
    assert weights is opened.weights


def test_activations_are_rounded_by_plain_arithmetic(first_archive):
    opened = first_archive("blazeface", "post").open()
    scale = opened.quantisation.convs[0].activation_scale

    program, weights = exact_program(opened.program, opened.weights)

    first = [one for one in program.operators if one.kind in ("clip", "scale")][:4]
    assert [one.kind for one in first] == ["clip", "scale", "scale", "scale"]
    assert first[0].inputs["X"] == ("image",)
    assert first[-1].outputs["Out"] == ("image.quantized",)
    assert first[0].attributes == {"min": -scale, "max": scale}
    assert first[1].attributes["scale"] == levels_per_unit(np.float32(scale))
    assert [one.attributes["bias"] for one in first[2:]] == [
        NO_FRACTIONS,
        -NO_FRACTIONS,
    ]
    assert {one.kind for one in fake_operators(program.operators)} == {
        "fake_channel_wise_dequantize_max_abs"  # its own arithmetic is that of 1.8.5
    }
    assert set(weights) == set(opened.weights)  # the scales dequantise too


def test_every_variable_of_a_rewritten_program_is_declared(old_quantised):
    opened = old_quantised("blazeface_aware_export").open()

    program, weights = exact_program(opened.program, opened.weights)

    desc = program.desc
    for one in desc.operators:
        for names in (*one.inputs.values(), *one.outputs.values()):
            assert set(names) <= set(desc.variables), one.kind
    assert set(desc.parameters()) == set(weights) == set(program.parameters)
    assert desc.feeds() == opened.program.desc.feeds()
    for name, variable in desc.parameters().items():
        assert variable.shape == weights[name].shape


def test_weights_are_rounded_once(old_quantised):
    opened = old_quantised("blazeface_aware_export").open()

    program, weights = exact_program(opened.program, opened.weights)

    kinds = {one.kind for one in program.operators}
    assert "fake_channel_wise_quantize_abs_max" not in kinds
    assert "conv1_weights" not in weights  # nothing reads it any more
    rounded = quantise_weights(opened.weights["conv1_weights"]).values()
    assert np.array_equal(weights["conv1_weights.quantized.dequantized"], rounded)


@pytest.mark.parametrize("kind", ["post", "frozen"])
def test_rewriting_twice_changes_nothing_more(kind, first_archive):
    opened = first_archive("blazeface", kind).open()
    once = exact_program(opened.program, opened.weights)

    again, _ = exact_program(*once)

    assert [one.kind for one in again.operators] == [
        one.kind for one in once[0].operators
    ]
