import numpy as np
import pytest

from harness.model.networks.blazeface import BlazeFace
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.train.initial import OBJECTNESS_BIAS, initial_weights

NETWORK = YoloV3(
    backbone="mobilenet_v1",
    num_classes=5,
    width=1 / 8,
    head_channels=pruned_channels("none", 1 / 8),
)


@pytest.fixture(scope="module")
def shapes():
    return network_shapes(NETWORK)


def draw(shapes, seed=3):
    return initial_weights(shapes, num_classes=5, seed=seed)


def test_every_variable_gets_a_finite_float_of_its_shape(shapes):
    weights = draw(shapes)

    assert {name: one.shape for name, one in weights.items()} == {
        name: one.shape for name, one in shapes.variables.items()
    }
    assert all(one.dtype == np.float32 for one in weights.values())
    assert all(np.isfinite(one).all() for one in weights.values())


def test_the_seed_alone_decides(shapes):
    first, again, other = draw(shapes), draw(shapes), draw(shapes, seed=4)

    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["conv1_weights"], other["conv1_weights"])


def test_a_network_starts_by_saying_that_nothing_is_there(shapes):
    bias = draw(shapes)["yolo_output.1.conv.bias"].reshape(3, 10)

    assert (bias[:, 4] == OBJECTNESS_BIAS).all()
    assert not np.delete(bias, 4, axis=1).any()


def test_normalisations_start_neutral(shapes):
    weights = draw(shapes)

    for stem, names in {
        "conv6_sep": ("_bn_scale", "_bn_offset", "_bn_mean", "_bn_variance"),
        "yolo_block.2.tip": (".bn.scale", ".bn.offset", ".bn.mean", ".bn.var"),
    }.items():
        values = [set(weights[stem + name].tolist()) for name in names]
        assert values == [{1.0}, {0.0}, {0.0}, {1.0}]


def test_numbered_normalisations_start_neutral():
    weights = draw(network_shapes(BlazeFace(edition="nas", width=0.5)))

    assert (weights["batch_norm_0.w_0"] == 1).all()  # scale
    assert (weights["batch_norm_0.b_0"] == 0).all()
    assert (weights["batch_norm_0.w_1"] == 0).all()  # mean
    assert (weights["batch_norm_0.w_2"] == 1).all()  # variance


def test_convolutions_are_he_normal_and_outputs_a_tenth_of_it(shapes):
    weights = draw(shapes)

    block = weights["yolo_block.0.tip.conv.weights"]  # [128, 64, 3, 3]
    output = weights["yolo_output.0.conv.weights"]  # [30, 128, 1, 1]

    assert block.std() == pytest.approx(np.sqrt(2 / (64 * 9)), rel=0.03)
    assert output.std() == pytest.approx(0.1 * np.sqrt(2 / 128), rel=0.06)
