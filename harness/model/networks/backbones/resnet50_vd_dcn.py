"""ResNet50-vd with deformable convolutions in stage 5 (zoo-spec 2.3).

The variable names are those of the zoo's archives.
"""

from __future__ import annotations

from typing import TypeVar

from harness.model.networks.backbones.residual import (
    CHANNELS_OF_STAGE,
    FEATURE_STAGES,
    batch_norm_names,
    block_names,
    conv_bn,
)
from harness.model.networks.ops import STEERING_CHANNELS, Ops

T = TypeVar("T")

#: Convolutions of the stem: name, output channels, stride.
STEM = (("conv1_1", 32, 2), ("conv1_2", 32, 1), ("conv1_3", 64, 1))
EXPANSION = 4
DEFORMABLE_STAGES = (5,)


def resnet50_vd_dcn(ops: Ops[T], image: T, *, width: float) -> tuple[T, T, T]:
    """Return C3, C4 and C5: 512, 1024 and 2048 channels times ``width``."""
    x = image
    for name, channels, stride in STEM:
        out = int(channels * width)
        x = ops.relu(conv_bn(ops, x, name, out=out, kernel=3, stride=stride))
    x = ops.max_pool(x, kernel=3, stride=2)
    features = {}
    for stage, channels in CHANNELS_OF_STAGE.items():
        inner = int(channels * width)
        for name, is_first in block_names(stage):
            x = _bottleneck(
                ops,
                x,
                name,
                inner=inner,
                project=is_first,
                halve=is_first and stage > min(CHANNELS_OF_STAGE),
                deformable=stage in DEFORMABLE_STAGES,
            )
        features[stage] = x
    c3, c4, c5 = (features[stage] for stage in FEATURE_STAGES)
    return c3, c4, c5


def _bottleneck(
    ops: Ops[T],
    x: T,
    name: str,
    *,
    inner: int,
    project: bool,
    halve: bool,
    deformable: bool,
) -> T:
    """Add 1 x 1, 3 x 3 and 1 x 1 convolutions to the block's input.

    Args:
        ops: what runs the network.
        x: the block's input.
        name: ``res2a``.
        inner: channels of the 3 x 3 convolution; the block gives ``EXPANSION`` times.
        project: put a 1 x 1 convolution on the shortcut.
        halve: halve the side, on the 3 x 3 convolution and, by a pool before its 1 x 1,
            on the shortcut.
        deformable: the 3 x 3 convolution is a deformable one.
    """
    out, stride = inner * EXPANSION, 2 if halve else 1
    y = ops.relu(conv_bn(ops, x, f"{name}_branch2a", out=inner, kernel=1))
    middle = _deform_conv_bn if deformable else _conv_bn
    y = ops.relu(middle(ops, y, f"{name}_branch2b", out=inner, stride=stride))
    y = conv_bn(ops, y, f"{name}_branch2c", out=out, kernel=1)
    if halve:
        x = ops.avg_pool(x)
    if project:
        x = conv_bn(ops, x, f"{name}_branch1", out=out, kernel=1)
    return ops.relu(ops.add(x, y))


def _conv_bn(ops: Ops[T], x: T, name: str, *, out: int, stride: int) -> T:
    return conv_bn(ops, x, name, out=out, kernel=3, stride=stride)


def _deform_conv_bn(ops: Ops[T], x: T, name: str, *, out: int, stride: int) -> T:
    steering = ops.conv(
        x,
        f"{name}_conv_offset.w_0",
        out=STEERING_CHANNELS,
        kernel=3,
        stride=stride,
        bias=f"{name}_conv_offset.b_0",
    )
    x = ops.deform_conv(x, steering, f"{name}_weights", out=out, stride=stride)
    return ops.batch_norm(x, batch_norm_names(name))
