"""MobileNetV1 in the old runtime (zoo-spec 2.1)."""

from fluid_layers import conv_bn

BLOCKS = (  # zoo-spec 2.1: name, out channels at width 1, stride
    ("conv2_1", 64, 1),
    ("conv2_2", 128, 2),
    ("conv3_1", 128, 1),
    ("conv3_2", 256, 2),
    ("conv4_1", 256, 1),
    ("conv4_2", 512, 2),
    ("conv5_1", 512, 1),
    ("conv5_2", 512, 1),
    ("conv5_3", 512, 1),
    ("conv5_4", 512, 1),
    ("conv5_5", 512, 1),
    ("conv5_6", 1024, 2),
    ("conv6", 1024, 1),
)
# Stage outputs, coarse first. C4 is conv4_2, not conv5_5: same shape, other features.
FEATURES = ("conv6", "conv4_2", "conv3_2")  # zoo-spec 2.1


def mobilenet_v1(image, width, train):
    """Features C5, C4, C3 at strides 32, 16, 8."""

    def layer(x, stem, channels, kernel_px, **options):
        return conv_bn(
            x, variables(stem), channels, kernel_px, act="relu", train=train, **options
        )

    channels = int(32 * width)
    x = layer(image, "conv1", channels, 3, stride=2)
    features = {}
    for name, base, stride in BLOCKS:
        x = layer(x, name + "_dw", channels, 3, stride=stride, groups=channels)
        channels = int(base * width)
        x = layer(x, name + "_sep", channels, 1)
        features[name] = x
    return [features[name] for name in FEATURES]


def variables(stem):
    """Names of a convolution's variables."""
    return {
        "weights": stem + "_weights",
        "scale": stem + "_bn_scale",
        "offset": stem + "_bn_offset",
        "mean": stem + "_bn_mean",
        "variance": stem + "_bn_variance",
    }
