"""What the two residual backbones share: the names of their variables and layers.

Their block names are ``res{stage}{letter}``, and the name of a batch normalisation is
made of its convolution's, by upstream's rule and its slips.  # zoo-spec 2.2, 2.3
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from harness.model.networks.ops import BatchNormNames, Ops

T = TypeVar("T")

BLOCKS_PER_STAGE = {2: 3, 3: 4, 4: 6, 5: 3}
CHANNELS_OF_STAGE = {2: 64, 3: 128, 4: 256, 5: 512}
FEATURE_STAGES = (3, 4, 5)  # C3, C4, C5


def block_names(stage: int) -> Iterator[tuple[str, bool]]:
    """Give the name of each block of a stage, and whether it is the first."""
    for place, letter in zip(range(BLOCKS_PER_STAGE[stage]), "abcdef", strict=False):
        yield f"res{stage}{letter}", place == 0


def conv_bn(
    ops: Ops[T], x: T, name: str, *, out: int, kernel: int, stride: int = 1
) -> T:
    """Convolve without bias, then normalise; no activation."""
    x = ops.conv(x, f"{name}_weights", out=out, kernel=kernel, stride=stride)
    return ops.batch_norm(x, batch_norm_names(name))


def batch_norm_names(conv: str) -> BatchNormNames:
    """Return the variables of the batch normalisation after a convolution.

    Three letters of the convolution's name go, whatever they are, so ``res2a_branch1``
    has ``bn2a_branch1`` and ``conv1_1`` has ``bnv1_1``. ``conv1`` alone stays whole.
    """
    stem = "bn_conv1" if conv == "conv1" else f"bn{conv[3:]}"
    return BatchNormNames(
        scale=f"{stem}_scale",
        offset=f"{stem}_offset",
        mean=f"{stem}_mean",
        variance=f"{stem}_variance",
    )
