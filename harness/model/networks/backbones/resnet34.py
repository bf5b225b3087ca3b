"""ResNet34, with the variable names of the zoo's archives (zoo-spec 2.2)."""

from __future__ import annotations

from typing import TypeVar

from harness.model.networks.backbones.residual import (
    CHANNELS_OF_STAGE,
    FEATURE_STAGES,
    block_names,
    conv_bn,
)
from harness.model.networks.ops import Ops

T = TypeVar("T")

STEM_CHANNELS = 64


def resnet34(ops: Ops[T], image: T, *, width: float) -> tuple[T, T, T]:
    """Return C3, C4 and C5: 128, 256 and 512 channels times ``width``."""
    stem = int(STEM_CHANNELS * width)
    x = ops.relu(conv_bn(ops, image, "conv1", out=stem, kernel=7, stride=2))
    x = ops.max_pool(x, kernel=3, stride=2)
    features = {}
    for stage, channels in CHANNELS_OF_STAGE.items():
        out = int(channels * width)
        for name, is_first in block_names(stage):
            stride = 2 if is_first and stage > min(CHANNELS_OF_STAGE) else 1
            x = _basic_block(ops, x, name, out=out, stride=stride, project=is_first)
        features[stage] = x
    c3, c4, c5 = (features[stage] for stage in FEATURE_STAGES)
    return c3, c4, c5


def _basic_block(
    ops: Ops[T], x: T, name: str, *, out: int, stride: int, project: bool
) -> T:
    """Add two 3 x 3 convolutions to the block's input.

    Args:
        ops: what runs the network.
        x: the block's input.
        name: ``res2a``.
        out: channels of both convolutions.
        stride: of the first one, and of the shortcut.
        project: put a 1 x 1 convolution on the shortcut. The first block of every
            stage has one, even that of stage 2, where no shape asks for it.
    """
    y = conv_bn(ops, x, f"{name}_branch2a", out=out, kernel=3, stride=stride)
    y = conv_bn(ops, ops.relu(y), f"{name}_branch2b", out=out, kernel=3)
    if project:
        x = conv_bn(ops, x, f"{name}_branch1", out=out, kernel=1, stride=stride)
    return ops.relu(ops.add(x, y))
