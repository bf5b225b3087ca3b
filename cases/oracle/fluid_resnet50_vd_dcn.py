"""ResNet50-vd with DCNv2 in stage 5 in the old runtime (zoo-spec 2.3)."""

import paddle.fluid as fluid
from fluid_layers import batch_norm, conv_bn

STEM = (("conv1_1", 32, 2), ("conv1_2", 32, 1), ("conv1_3", 64, 1))
STAGES = ((2, 64, "abc"), (3, 128, "abcd"), (4, 256, "abcdef"), (5, 512, "abc"))
DEFORMABLE_STAGE = 5
POINTS = 9  # of a 3 x 3 kernel


def resnet50_vd_dcn(image, width, train):
    """Features C5, C4, C3 at strides 32, 16, 8."""
    x = image
    for stem, base, stride in STEM:
        x = conv_bn(
            x, variables(stem), int(base * width), 3, stride, act="relu", train=train
        )
    x = fluid.layers.pool2d(
        x, pool_size=3, pool_type="max", pool_stride=2, pool_padding=1
    )
    features = []
    for stage, base, letters in STAGES:
        for letter in letters:
            stem = "res{}{}_branch".format(stage, letter)
            x = _bottleneck(x, stem, stage, letter == "a", int(base * width), train)
        features.insert(0, x)
    return features[:3]


def _bottleneck(x, stem, stage, is_first, channels, train):
    def layer(x, branch, channels, kernel_px, **options):
        names = variables(stem + branch)
        return conv_bn(x, names, channels, kernel_px, train=train, **options)

    halve = is_first and stage > 2
    stride = 2 if halve else 1
    y = layer(x, "2a", channels, 1, act="relu")
    if stage == DEFORMABLE_STAGE:
        y = _deformable_conv_bn(y, stem + "2b", channels, stride, train)
    else:
        y = layer(y, "2b", channels, 3, stride=stride, act="relu")
    y = layer(y, "2c", 4 * channels, 1)
    if halve:
        x = fluid.layers.pool2d(
            x, pool_size=2, pool_type="avg", pool_stride=2, ceil_mode=True
        )
    if is_first:
        x = layer(x, "1", 4 * channels, 1)
    name = stem[: -len("_branch")] + ".add.output.5"  # zoo-spec 2.7
    return fluid.layers.elementwise_add(x, y, act="relu", name=name)


def _deformable_conv_bn(x, stem, channels, stride, train):
    steering = fluid.layers.conv2d(
        x,
        num_filters=3 * POINTS,
        filter_size=3,
        stride=stride,
        padding=1,
        param_attr=fluid.ParamAttr(name=stem + "_conv_offset.w_0"),
        bias_attr=fluid.ParamAttr(name=stem + "_conv_offset.b_0"),
    )
    offsets, mask = fluid.layers.split(
        steering, num_or_sections=[2 * POINTS, POINTS], dim=1
    )
    names = variables(stem)
    convolved = fluid.layers.deformable_conv(
        x,
        offsets,
        fluid.layers.sigmoid(mask),
        num_filters=channels,
        filter_size=3,
        stride=stride,
        padding=1,
        groups=1,
        deformable_groups=1,
        im2col_step=1,
        param_attr=fluid.ParamAttr(name=names["weights"]),
        bias_attr=False,
    )
    return batch_norm(convolved, names, act="relu", train=train)


def variables(stem):
    """Names of a convolution's variables: three letters go, also of ``conv1_1``."""
    after = "bn" + stem[3:]
    return {
        "weights": stem + "_weights",
        "scale": after + "_scale",
        "offset": after + "_offset",
        "mean": after + "_mean",
        "variance": after + "_variance",
        "layer": after + ".output.1",  # zoo-spec 2.7
    }
