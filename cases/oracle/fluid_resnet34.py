"""ResNet34 in the old runtime (zoo-spec 2.2)."""

import paddle.fluid as fluid
from fluid_layers import conv_bn

STAGES = ((2, 64, "abc"), (3, 128, "abcd"), (4, 256, "abcdef"), (5, 512, "abc"))


def resnet34(image, width, train):
    """Features C5, C4, C3 at strides 32, 16, 8."""

    def layer(x, stem, channels, kernel_px, **options):
        return conv_bn(x, variables(stem), channels, kernel_px, train=train, **options)

    x = layer(image, "conv1", int(64 * width), 7, stride=2, act="relu")
    x = fluid.layers.pool2d(
        x, pool_size=3, pool_type="max", pool_stride=2, pool_padding=1
    )
    features = []
    for stage, base, letters in STAGES:
        channels = int(base * width)
        for letter in letters:
            stem = "res{}{}_branch".format(stage, letter)
            stride = 2 if letter == "a" and stage > 2 else 1
            y = layer(x, stem + "2a", channels, 3, stride=stride, act="relu")
            y = layer(y, stem + "2b", channels, 3)
            if letter == "a":  # in stage 2 as well: upstream's rule for depths below 50
                x = layer(x, stem + "1", channels, 1, stride=stride)
            x = fluid.layers.elementwise_add(x, y, act="relu")
        features.insert(0, x)
    return features[:3]


def variables(stem):
    """Names of a convolution's variables."""
    after = "bn_conv1" if stem == "conv1" else "bn" + stem[len("res") :]
    return {
        "weights": stem + "_weights",
        "scale": after + "_scale",
        "offset": after + "_offset",
        "mean": after + "_mean",
        "variance": after + "_variance",
        "layer": after + ".output.1",  # zoo-spec 2.7
    }
