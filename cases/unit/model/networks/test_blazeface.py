import math

import pytest

from harness.model.fluid.lod_tensor import tensor_record
from harness.model.networks.blazeface import (
    EDITIONS,
    PRIORS_PER_CELL,
    STRIDES_PX,
    BlazeFace,
)
from harness.model.networks.shapes import network_shapes
from harness.registry.words import BACKBONES

#: Variables, elements, weights of convolutions, batch normalisations, first output.
COUNTS = {
    "original": (198, 202_416, 194_304, 38, 27),
    "lite": (228, 176_226, 165_402, 44, 44),
    "nas": (138, 60_012, 57_452, 26, 19),
}  # zoo-spec 2, 2.5
PRINTED_MB = {"original": "0.815", "lite": "0.711", "nas": "0.244"}  # zoo-spec 3.4
WIDTHS = (1.0, 0.5, 0.25, 0.125)


def variables_of(edition, width=1.0):
    return network_shapes(BlazeFace(edition=edition, width=width)).variables


def outputs_of(edition, width=1.0):
    outputs = []
    network = BlazeFace(edition=edition, width=width)
    network_shapes(lambda ops, image: outputs.extend(network(ops, image)))
    return outputs


def test_the_editions_are_the_words_of_the_rows():
    later = {"nas2"}  # printed by a later edition; no network of it yet

    assert set(EDITIONS) == set(BACKBONES["blazeface"].values()) - later == set(COUNTS)


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_network_has_the_published_variables(edition):
    count, elements, weights, batch_norms, _ = COUNTS[edition]

    shapes = network_shapes(BlazeFace(edition=edition))

    by_rank = [one for one in shapes.variables.values() if len(one.shape) == 4]
    assert len(shapes.variables) == count
    assert shapes.elements == elements
    assert sum(math.prod(one.shape) for one in by_rank) == weights
    assert sum(name.endswith(".w_2") for name in shapes.variables) == batch_norms


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_files_are_together_as_long_as_printed(edition, opened_faces):
    variables = variables_of(edition)
    overhead = {  # a record's bytes beside its values, per variable
        name: len(tensor_record(value)) - value.nbytes
        for name, value in opened_faces[edition].weights.items()
    }

    total = sum(
        overhead[one.name] + 4 * math.prod(one.shape) for one in variables.values()
    )

    assert f"{total / 1e6:.3f}" == PRINTED_MB[edition]


@pytest.mark.parametrize("edition", EDITIONS)
def test_batch_norms_are_numbered_without_a_gap(edition):
    means = [name for name in variables_of(edition) if name.endswith(".w_1")]

    assert means == [f"batch_norm_{k}.w_1" for k in range(COUNTS[edition][3])]


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_last_variables_are_the_outputs_boxes_first(edition):
    first = COUNTS[edition][4]

    outputs = list(variables_of(edition).values())[-8:]

    assert [one.name for one in outputs] == [
        f"conv2d_{first + place}.{kind}"
        for place in range(4)
        for kind in ("w_0", "b_0")
    ]
    assert [one.shape[0] for one in outputs[::2]] == [8, 4, 24, 12]


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("width", WIDTHS)
def test_at_every_width_the_names_and_outputs_are_the_same(edition, width):
    outputs = outputs_of(edition, width)

    assert list(variables_of(edition, width)) == list(variables_of(edition))
    assert [one.channels for one in outputs] == [
        values * priors for priors in PRIORS_PER_CELL for values in (4, 2)
    ]
    assert [1 / one.scale for one in outputs] == [
        stride for stride in STRIDES_PX for _ in range(2)
    ]


@pytest.mark.parametrize("edition", ["original", "nas"])
def test_the_second_convolution_named_depthwise_is_a_full_one(edition):
    shapes = {
        name: one.shape for name, one in variables_of(edition).items() if "2_dw" in name
    }

    assert shapes
    assert all(
        shape[0] == shape[1] and shape[2:] == (5, 5) for shape in shapes.values()
    )


@pytest.mark.parametrize(
    ("edition", "name", "shape"),
    [
        ("original", "conv1_weights", (24, 3, 3, 3)),
        ("original", "blaze_21_dw_weights", (24, 1, 5, 5)),
        ("original", "blaze_21_sep_weights", (48, 24, 1, 1)),
        ("original", "shortcutblaze_2_weights", (48, 24, 1, 1)),
        ("original", "double_blaze_01_sep_weights", (24, 48, 1, 1)),
        ("original", "double_blaze_02_dw_weights", (24, 24, 5, 5)),
        ("original", "double_blaze_02_sep_weights", (96, 24, 1, 1)),
        ("original", "shortcutdouble_blaze_3_weights", (96, 96, 1, 1)),
        ("lite", "conv1_weights", (24, 3, 5, 5)),
        ("lite", "conv3_dw_weights", (24, 1, 3, 3)),
        ("lite", "conv17_sep_weights", (96, 96, 1, 1)),
        ("lite", "shortcutconv13_weights", (96, 88, 1, 1)),
        ("nas", "double_blaze_22_dw_weights", (16, 16, 5, 5)),
        ("nas", "shortcutblaze_1_weights", (12, 12, 1, 1)),
        ("nas", "batch_norm_25.w_2", (72,)),
    ],
)
def test_a_variable_has_the_published_name_and_shape(edition, name, shape):
    assert variables_of(edition)[name].shape == shape
