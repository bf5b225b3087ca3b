"""MobileNetV1, with the variable names of the zoo's archives (zoo-spec 2.1)."""

from __future__ import annotations

from typing import TypeVar

from harness.model.networks.ops import BatchNormNames, Ops

T = TypeVar("T")

STEM_CHANNELS = 32
#: Separable blocks in order: name, output channels, stride.
BLOCKS = (
    ("conv2_1", 64, 1),
    ("conv2_2", 128, 2),
    ("conv3_1", 128, 1),
    ("conv3_2", 256, 2),  # C3
    ("conv4_1", 256, 1),
    ("conv4_2", 512, 2),  # C4: right here, the five conv5_1..5 come after it
    ("conv5_1", 512, 1),
    ("conv5_2", 512, 1),
    ("conv5_3", 512, 1),
    ("conv5_4", 512, 1),
    ("conv5_5", 512, 1),
    ("conv5_6", 1024, 2),
    ("conv6", 1024, 1),  # C5
)
FEATURES = ("conv3_2", "conv4_2", "conv6")


def mobilenet_v1(ops: Ops[T], image: T, *, width: float) -> tuple[T, T, T]:
    """Return C3, C4 and C5: 256, 512 and 1024 channels times ``width``."""
    x = _conv_bn_relu(
        ops, image, "conv1", out=int(STEM_CHANNELS * width), kernel=3, stride=2
    )
    before = int(STEM_CHANNELS * width)
    features = {}
    for name, channels, stride in BLOCKS:
        out = int(channels * width)
        x = _conv_bn_relu(
            ops, x, f"{name}_dw", out=before, kernel=3, stride=stride, depthwise=True
        )
        x = _conv_bn_relu(ops, x, f"{name}_sep", out=out, kernel=1)
        features[name] = x
        before = out
    c3, c4, c5 = (features[name] for name in FEATURES)
    return c3, c4, c5


def _conv_bn_relu(
    ops: Ops[T],
    x: T,
    name: str,
    *,
    out: int,
    kernel: int,
    stride: int = 1,
    depthwise: bool = False,
) -> T:
    x = ops.conv(
        x,
        f"{name}_weights",
        out=out,
        kernel=kernel,
        stride=stride,
        depthwise=depthwise,
    )
    x = ops.batch_norm(
        x,
        BatchNormNames(
            scale=f"{name}_bn_scale",
            offset=f"{name}_bn_offset",
            mean=f"{name}_bn_mean",
            variance=f"{name}_bn_variance",
        ),
    )
    return ops.relu(x)
