"""BlazeFace in the zoo's three editions, with the names of its archives (zoo-spec 2.5).

Batch normalisations and the four output convolutions have no names of their own: they
are numbered as they are created, so the order of the code below is part of the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from harness.model.networks.blazeface_blocks import (
    Block,
    DoubleBlock,
    LiteBlock,
    NumberedLayers,
    SingleBlock,
)
from harness.model.networks.ops import Ops

T = TypeVar("T")

STRIDES_PX = (8, 16)  # of the two levels
PRIORS_PER_CELL = (2, 6)  # zoo-spec 1.4
NUM_CLASSES = 2  # 0 is the background, 1 a face  # zoo-spec 1.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One of the zoo's BlazeFace networks."""

    stem_channels: int
    stem_kernel: int
    blocks: tuple[Block, ...]
    features: tuple[str, str]  # blocks whose outputs the levels look at
    #: The old runtime counts a depthwise convolution apart when cuDNN is off for it.
    numbers_depthwise: bool


#: By the word that rows use for it.  # zoo-spec 2.5
EDITIONS: Mapping[str, Edition] = {
    "original": Edition(
        stem_channels=24,
        stem_kernel=3,
        blocks=(
            SingleBlock("blaze_0", 24, 24),
            SingleBlock("blaze_1", 24, 24),
            SingleBlock("blaze_2", 24, 48, 2),
            SingleBlock("blaze_3", 48, 48),
            SingleBlock("blaze_4", 48, 48),
            DoubleBlock("double_blaze_0", 48, 96, 2, middle=24),
            DoubleBlock("double_blaze_1", 96, 96, middle=24),
            DoubleBlock("double_blaze_2", 96, 96, middle=24),
            DoubleBlock("double_blaze_3", 96, 96, 2, middle=24),
            DoubleBlock("double_blaze_4", 96, 96, middle=24),
            DoubleBlock("double_blaze_5", 96, 96, middle=24),
        ),
        # not double_blaze_1 and 4: same shapes, other features
        features=("double_blaze_2", "double_blaze_5"),
        numbers_depthwise=False,
    ),
    "lite": Edition(
        stem_channels=24,
        stem_kernel=5,
        blocks=(
            LiteBlock("conv2", 24, 24),
            LiteBlock("conv3", 24, 28),
            LiteBlock("conv4", 28, 32, 2),
            LiteBlock("conv5", 32, 36),
            LiteBlock("conv6", 36, 42),
            LiteBlock("conv7", 42, 48, 2),
            LiteBlock("conv8", 48, 56),
            LiteBlock("conv9", 56, 64),
            LiteBlock("conv10", 64, 72),
            LiteBlock("conv11", 72, 80),
            LiteBlock("conv12", 80, 88),
            LiteBlock("conv13", 88, 96, 2),
            LiteBlock("conv14", 96, 96),
            LiteBlock("conv15", 96, 96),
            LiteBlock("conv16", 96, 96),
            LiteBlock("conv17", 96, 96),
        ),
        features=("conv12", "conv17"),
        numbers_depthwise=True,
    ),
    "nas": Edition(
        stem_channels=12,
        stem_kernel=3,
        blocks=(
            SingleBlock("blaze_0", 12, 12),
            SingleBlock("blaze_1", 12, 12, 2),
            SingleBlock("blaze_2", 12, 12),
            DoubleBlock("double_blaze_0", 12, 24, 2, middle=16),
            DoubleBlock("double_blaze_1", 24, 24, middle=12),
            DoubleBlock("double_blaze_2", 24, 72, 2, middle=16),
            DoubleBlock("double_blaze_3", 72, 72, middle=12),
        ),
        features=("double_blaze_1", "double_blaze_3"),
        numbers_depthwise=False,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BlazeFace:
    """A BlazeFace network, ready to be run by any :class:`Ops`."""

    edition: str  # key of EDITIONS
    width: float = 1.0  # channel multiplier; 1 for published archives

    def __call__(self, ops: Ops[T], image: T) -> tuple[T, T, T, T]:
        """Return the four raw outputs: boxes and classes at stride 8, then at 16.

        Boxes are ``[B, 4 * K, H, W]`` and classes ``[B, 2 * K, H, W]``, K of
        ``PRIORS_PER_CELL``. A side that the stride does not divide is rounded up.
        """
        edition = EDITIONS[self.edition]
        layers = NumberedLayers(
            ops, width=self.width, numbers_depthwise=edition.numbers_depthwise
        )
        x = layers.conv_bn(
            image,
            "conv1",
            out=edition.stem_channels,
            kernel=edition.stem_kernel,
            stride=2,
        )
        x = ops.relu(x)
        maps = {}
        for block in edition.blocks:
            x = block.run(layers, x)
            maps[block.name] = x
        outputs = [
            layers.output(maps[name], channels)
            for name, priors in zip(edition.features, PRIORS_PER_CELL, strict=True)
            for channels in (4 * priors, NUM_CLASSES * priors)  # boxes come first
        ]
        boxes_8, classes_8, boxes_16, classes_16 = outputs
        return boxes_8, classes_8, boxes_16, classes_16
