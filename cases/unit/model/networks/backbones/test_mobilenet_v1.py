from fractions import Fraction

import pytest

from harness.model.networks.backbones.mobilenet_v1 import mobilenet_v1
from harness.model.networks.shapes import Feature, ShapeOps, network_shapes

IMAGE = Feature(3, Fraction(1))


def shapes(width=1.0):
    return network_shapes(lambda ops, image: mobilenet_v1(ops, image, width=width))


@pytest.mark.parametrize(
    ("width", "channels"), [(1.0, (256, 512, 1024)), (0.125, (32, 64, 128))]
)
def test_the_features_have_the_published_channels_and_strides(width, channels):
    features = mobilenet_v1(ShapeOps(), IMAGE, width=width)

    assert tuple(one.channels for one in features) == channels
    assert [1 / one.scale for one in features] == [8, 16, 32]


def test_every_convolution_has_its_weights_and_four_vectors():
    variables = shapes().variables

    assert len(variables) == 27 * 5  # conv1 and 13 separable blocks
    assert variables["conv1_weights"].shape == (32, 3, 3, 3)
    assert variables["conv5_6_dw_weights"].shape == (512, 1, 3, 3)
    assert variables["conv5_6_sep_weights"].shape == (1024, 512, 1, 1)
    assert {name for name in variables if name.startswith("conv6_dw")} == {
        "conv6_dw_weights",
        "conv6_dw_bn_scale",
        "conv6_dw_bn_offset",
        "conv6_dw_bn_mean",
        "conv6_dw_bn_variance",
    }


class Trace:
    """Counts the convolutions that a value went through."""

    def conv(self, x, weights, **_):
        return (*x, weights)

    def batch_norm(self, x, _):
        return (*x, "bn")

    def relu(self, x):
        return (*x, "relu")


def test_c4_is_taken_right_after_conv4_2():
    c3, c4, c5 = mobilenet_v1(Trace(), (), width=1.0)

    assert c3[-3:] == ("conv3_2_sep_weights", "bn", "relu")
    assert c4[-3:] == ("conv4_2_sep_weights", "bn", "relu")
    assert c5[-3:] == ("conv6_sep_weights", "bn", "relu")
    assert c5[: len(c4)] == c4  # conv5_1 and the rest follow it


def test_a_relu_follows_every_normalisation():
    _, _, c5 = mobilenet_v1(Trace(), (), width=1.0)

    assert c5[1::3] == ("bn",) * 27
    assert c5[2::3] == ("relu",) * 27
