"""Decides which channels a pruning keeps, and cuts every value of a network to them.

The output channels of a convolution with the smallest sum of absolute weights go. What
reads a convolution loses the same channels of its input.  # zoo-spec 4.1
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import TrainingFailed
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.ops import BatchNormNames
from harness.model.networks.pruned_channels import PRUNED_RATIOS
from harness.model.networks.yolov3_head import block_convs

#: True for a channel that stays, ``[O]``.
Mask = NDArray[np.bool_]

#: Convolution -> which of its output channels stay.
KeptChannels = Mapping[str, Mask]

#: Variable -> for each of its first axes, which entries stay.
KeptEntries = Mapping[str, tuple[Mask, ...]]


def kept_channels(weights: Mapping[str, NDArray[Any]], pruning: str) -> KeptChannels:
    """Return which output channels of the 18 convolutions stay.

    The sums are taken in the precision of the weights. Equal sums are ranked as
    numpy's default sort ranks them, as in PaddleSlim.  # zoo-spec 4.1

    Args:
        weights: of the unpruned network, ``[O, I, k, k]`` for each convolution.
        pruning: key of ``PRUNED_RATIOS``.

    Raises:
        TrainingFailed: no channel of a convolution would stay.
    """
    kept = {}
    for name, ratio in zip(block_convs(), PRUNED_RATIOS[pruning], strict=True):
        sizes = np.abs(weights[f"{name}.conv.weights"]).sum(axis=(1, 2, 3))  # [O]
        removed = round(len(sizes) * ratio)
        if removed >= len(sizes):
            raise TrainingFailed(
                f"{name}: channels left by {pruning}",
                expected="at least 1",
                got=f"{len(sizes) - removed} of {len(sizes)}",
                next_step="prune a wider network",
            )
        mask = np.ones(len(sizes), np.bool_)
        mask[np.argsort(sizes)[:removed]] = False
        kept[name] = mask
    return kept


def kept_entries(network: NetworkFunction, kept: KeptChannels) -> KeptEntries:
    """Follow the kept channels through a network, to every variable that they shorten.

    Args:
        network: the unpruned one.
        kept: of each pruned convolution.
    """
    ops = _KeptOps(kept)
    network(ops, np.ones(3, np.bool_))
    return ops.entries


def cut(
    values: Mapping[str, NDArray[Any]], kept: KeptEntries
) -> dict[str, NDArray[Any]]:
    """Return copies of the kept entries of every value.

    Args:
        values: by variable: the weights, or what an optimiser keeps of each, such as
            its velocity. It may lack variables.
        kept: what ``kept_entries`` says.

    Raises:
        TrainingFailed: a value is of no variable of the network, or has another shape.
    """
    return {name: _cut_value(name, value, kept) for name, value in values.items()}


def _cut_value(name: str, value: NDArray[Any], kept: KeptEntries) -> NDArray[Any]:
    if name not in kept:
        raise TrainingFailed(
            f"{name}: a value to cut",
            expected="a variable of the network",
            got="another name",
            next_step="give the values by variable",
        )
    lengths = tuple(len(mask) for mask in kept[name])
    if value.shape[: len(lengths)] != lengths:
        raise TrainingFailed(
            f"{name}: first axes of a value to cut",
            expected=lengths,
            got=value.shape[: len(lengths)],
            next_step="give the values of the unpruned network",
        )
    for axis, mask in enumerate(kept[name]):
        value = np.compress(mask, value, axis=axis)
    return value


@dataclass(frozen=True, slots=True)
class _KeptOps:
    """Runs a network on the masks of its channels; see ``networks.ops.Ops``."""

    kept: KeptChannels
    entries: dict[str, tuple[Mask, ...]] = field(default_factory=dict)

    def conv(
        self,
        x: Mask,
        weights: str,
        *,
        out: int,
        kernel: int,  # noqa: ARG002 -- channels do not ask
        stride: int = 1,  # noqa: ARG002
        depthwise: bool = False,
        bias: str | None = None,
    ) -> Mask:
        whole = np.ones(out, np.bool_)
        if depthwise:
            self.entries[weights] = (x,)
            left = x
        else:
            left = self.kept.get(weights.removesuffix(".conv.weights"), whole)
            self.entries[weights] = (left, x)
        if bias is not None:
            self.entries[bias] = (left,)
        return left

    def batch_norm(self, x: Mask, names: BatchNormNames) -> Mask:
        for name in (names.scale, names.offset, names.mean, names.variance):
            self.entries[name] = (x,)
        return x

    def relu(self, x: Mask) -> Mask:
        return x

    def leaky_relu(self, x: Mask) -> Mask:
        return x

    def upsample(self, x: Mask) -> Mask:
        return x

    def concat(self, first: Mask, second: Mask) -> Mask:
        return np.concatenate([first, second])

    def add(self, first: Mask, second: Mask) -> Mask:
        assert np.array_equal(first, second)  # the head that is pruned has no sums
        return first

    def max_pool(
        self,
        x: Mask,
        *,
        kernel: int,  # noqa: ARG002
        stride: int,  # noqa: ARG002
        ceil_mode: bool = False,  # noqa: ARG002
    ) -> Mask:
        return x

    def avg_pool(self, x: Mask) -> Mask:
        return x

    def deform_conv(
        self,
        x: Mask,
        steering: Mask,  # noqa: ARG002
        weights: str,
        *,
        out: int,
        stride: int = 1,  # noqa: ARG002
    ) -> Mask:
        self.entries[weights] = (np.ones(out, np.bool_), x)
        return self.entries[weights][0]

    def fake_quantise(self, x: Mask, *, scale: float) -> Mask:  # noqa: ARG002
        return x
