from dataclasses import replace

import numpy as np
import pytest

from harness.model.networks.eight_bits import fake_quantise, quantise_weights
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import Feature, ShapeOps, network_shapes
from harness.model.networks.simulated import (
    SimulatedNetwork,
    SimulatingOps,
    simulated,
)
from harness.model.networks.yolov3 import YoloV3
from harness.model.paddle_run.heads import forward_heads, graph_heads
from harness.model.paddle_run.runtime import import_paddle
from harness.model.quantised.fluid_names import conv_inputs
from harness.model.quantised.quantisation import (
    CHECKPOINT,
    Quantisation,
    QuantisedConv,
)

SCALES = (127.0, 1.0, 3.7, 0.0123)


ONE = {"one": np.ones((3, 1, 1, 1), np.float32)}


def rounding_network(scale):
    """A network that rounds what a convolution gives, which is what it reads."""

    def network(ops, image):
        x = ops.conv(image, "one", out=3, kernel=1, depthwise=True)
        return (ops.fake_quantise(x, scale=scale),)

    return network


def ways_to_run(network, cpu):
    """The plain operations, and the exported graph as it is and optimised."""
    return {
        "plain": forward_heads(network, ONE),
        "exported": graph_heads(network, ONE, replace(cpu, optimise=False)),
        "optimised": graph_heads(network, ONE, cpu),
    }


def awkward(scale):
    """Halves of every step, what lies beside them, and noise: ``[1, 3, H, W]``."""
    halves = (np.arange(-150, 150) + 0.5) * scale / 127
    beside = [np.nextafter(np.float32(halves), np.float32(way)) for way in (-9e9, 9e9)]
    noise = np.random.default_rng(5).normal(0, scale, 300)
    return np.stack([halves, *beside, noise]).astype(np.float32).reshape(1, 3, 20, 20)


@pytest.fixture(scope="module")
def eight_bits(tiny_network):
    """``tiny_network`` with a scale for every convolution."""
    inputs = conv_inputs(tiny_network)
    return Quantisation(
        kind=CHECKPOINT,
        convs=tuple(
            QuantisedConv(
                weights=one.weights,
                activation=one.activation,
                activation_scale=1 + len(one.activation) / 10,
            )
            for one in inputs
        ),
        float_convs=(),
    )


@pytest.mark.parametrize("scale", SCALES)
def test_a_graph_rounds_each_value_as_the_old_operators_do(scale, cpu):
    images = awkward(scale)

    for way, run in ways_to_run(rounding_network(scale), cpu).items():
        (found,) = run(images)
        assert np.array_equal(found, fake_quantise(images, scale)), way


def test_a_graph_takes_halves_to_the_even_neighbour_after_clipping(cpu):
    halves = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, 127.5, -128, 0, 0, 0]
    images = np.float32(halves).reshape(1, 3, 2, 2)

    for way, run in ways_to_run(rounding_network(127.0), cpu).items():
        (found,) = run(images)
        assert found.ravel()[:9].tolist() == [0, 2, 2, 0, -2, -2, 126, 127, -127], way


def test_a_plan_keeps_the_shape_of_what_is_rounded():
    feature = Feature(3, 1)

    assert ShapeOps().fake_quantise(feature, scale=1.0) is feature


def test_what_two_convolutions_read_is_rounded_once():
    rounded = []

    class Counts(ShapeOps):
        def fake_quantise(self, x, *, scale):
            rounded.append(scale)
            return x

    ops = SimulatingOps(Counts(), {"a": 1.0, "b": 1.0})
    image = Feature(3, 1)
    for name in ("a", "b", "left in float"):
        ops.conv(image, name, out=1, kernel=1)

    assert rounded == [1.0]


def test_an_operation_of_the_network_rounds_too():
    scales = []

    class Notes(ShapeOps):
        def fake_quantise(self, x, *, scale):
            scales.append(scale)
            return x

    SimulatingOps(Notes(), {}).fake_quantise(Feature(3, 1), scale=2.5)

    assert scales == [2.5]


def test_weights_of_quantised_convolutions_alone_are_rounded(
    tiny_network, random_weights, eight_bits
):
    _, weights = simulated(tiny_network, random_weights, eight_bits.scales())

    rounded = quantise_weights(random_weights["conv1_weights"]).values()
    assert np.array_equal(weights["conv1_weights"], rounded)
    assert not np.array_equal(weights["conv1_weights"], random_weights["conv1_weights"])
    assert weights["conv1_bn_scale"] is random_weights["conv1_bn_scale"]


def test_each_convolution_reads_what_its_scale_leaves(tiny_network, eight_bits):
    """In order: no scale is given to another convolution."""
    read = []

    class Notes(ShapeOps):
        def fake_quantise(self, x, *, scale):
            return (x, scale)

        def conv(self, x, weights, **kind):
            feature, scale = x
            read.append((weights, scale))
            return super().conv(feature, weights, **kind)

    network = SimulatedNetwork(network=tiny_network, scales=eight_bits.scales())
    network(Notes(), Feature(3, 1))

    assert dict(read) == eight_bits.scales()


def test_the_exported_graph_is_the_plain_network(
    tiny_network, random_weights, eight_bits, cpu
):
    network, weights = simulated(tiny_network, random_weights, eight_bits.scales())
    images = np.random.default_rng(3).normal(0, 1, (1, 3, 64, 64)).astype(np.float32)

    plain = forward_heads(network, weights)(images)
    exported = graph_heads(network, weights, replace(cpu, optimise=False))(images)

    for one, other in zip(plain, exported, strict=True):
        # random weights: one value beside a half may go either way, and be heard of
        assert np.median(np.abs(one - other)) < 1e-4 * np.abs(one).max()


def test_rounding_changes_what_a_network_gives(
    tiny_network, random_weights, eight_bits
):
    network, weights = simulated(tiny_network, random_weights, eight_bits.scales())
    images = np.random.default_rng(3).normal(0, 1, (1, 3, 64, 64)).astype(np.float32)

    float_heads = forward_heads(tiny_network, random_weights)(images)
    heads = forward_heads(network, weights)(images)

    assert np.abs(heads[0] - float_heads[0]).max() > 1e-3 * np.abs(heads[0]).max()


@pytest.mark.parametrize("value", [0.5, 1.5, -2.5, 4194303.5, -4194302.5])
def test_half_goes_to_the_even_neighbour_up_to_2_to_the_22(value):
    from harness.model.paddle_run.runtime import round_half_even

    paddle = import_paddle()

    found = round_half_even(paddle.to_tensor(np.float32([value])))

    assert found.item() == np.rint(value)


def test_deformable_convolutions_and_pools_are_left_to_the_operations():
    network = YoloV3(
        backbone="resnet50_vd_dcn",
        num_classes=80,
        width=1 / 32,
        head_channels=pruned_channels("none", 1 / 32),
    )
    every = {one.weights: 1.0 for one in conv_inputs(network)}

    shapes = network_shapes(SimulatedNetwork(network=network, scales=every))

    assert shapes == network_shapes(network)
    assert "res5a_branch2b_weights" not in every  # deformable
    assert "res5a_branch2b_conv_offset.w_0" in every
