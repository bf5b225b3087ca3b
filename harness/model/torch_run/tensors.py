"""Runs a network on torch tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.model.networks.eight_bits import LEVELS, levels_per_unit
from harness.model.networks.ops import (
    BN_EPSILON,
    LEAKY_SLOPE,
    OFFSET_CHANNELS,
    BatchNormNames,
)

Tensor = Any  # torch is not installed where types are checked


class TorchOps:
    """The operations on real values; nothing learns here.

    Args:
        state: variable name to tensor, all on one device.
    """

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        from torch.nn import functional

        self._functional = functional
        self._state = state

    def conv(
        self,
        x: Tensor,
        weights: str,
        *,
        out: int,
        kernel: int,
        stride: int = 1,
        depthwise: bool = False,
        bias: str | None = None,
    ) -> Tensor:
        """Convolve; see :class:`Ops`."""
        return self._functional.conv2d(
            x,
            self._state[weights],
            bias=None if bias is None else self._state[bias],
            stride=stride,
            padding=(kernel - 1) // 2,
            groups=out if depthwise else 1,
        )

    def batch_norm(self, x: Tensor, names: BatchNormNames) -> Tensor:
        """Normalise each channel."""
        return self._functional.batch_norm(
            x,
            self._state[names.mean],
            self._state[names.variance],
            self._state[names.scale],
            self._state[names.offset],
            training=False,
            eps=BN_EPSILON,
        )

    def relu(self, x: Tensor) -> Tensor:
        """Clip below zero."""
        return self._functional.relu(x)

    def leaky_relu(self, x: Tensor) -> Tensor:
        """Scale what is below zero."""
        return self._functional.leaky_relu(x, LEAKY_SLOPE)

    def upsample(self, x: Tensor) -> Tensor:
        """Replicate every pixel to 2 x 2."""
        return self._functional.interpolate(x, scale_factor=2, mode="nearest")

    def concat(self, first: Tensor, second: Tensor) -> Tensor:
        """Join along the channels."""
        import torch

        return torch.cat([first, second], dim=1)

    def add(self, first: Tensor, second: Tensor) -> Tensor:
        """Sum two maps of one shape."""
        return first + second

    def max_pool(
        self, x: Tensor, *, kernel: int, stride: int, ceil_mode: bool = False
    ) -> Tensor:
        """Keep the largest of each window; see :class:`Ops`."""
        return self._functional.max_pool2d(
            x,
            kernel,
            stride=stride,
            padding=(kernel - 1) // 2,
            ceil_mode=ceil_mode,
        )

    def avg_pool(self, x: Tensor) -> Tensor:
        """Take the mean of the 2 x 2 that lie inside."""
        return self._functional.avg_pool2d(
            x, 2, stride=2, ceil_mode=True, count_include_pad=False
        )

    def deform_conv(
        self, x: Tensor, steering: Tensor, weights: str, *, out: int, stride: int = 1
    ) -> Tensor:
        """Convolve at moved points; see :class:`Ops`.

        Offsets and masks have the order of torchvision too: y and x of each point in
        turn, the points row by row (held by the goldens).
        """
        import torch
        from torchvision.ops import deform_conv2d

        kernel = self._state[weights]
        assert kernel.shape[0] == out
        return deform_conv2d(
            x,
            steering[:, :OFFSET_CHANNELS].contiguous(),
            kernel,
            stride=stride,
            padding=1,
            mask=torch.sigmoid(steering[:, OFFSET_CHANNELS:]),
        )

    def fake_quantise(self, x: Tensor, *, scale: float) -> Tensor:
        """Round to 8 bits, each step in float32, in the order of the old operators."""
        import torch

        limit = float(np.float32(scale))
        levels = float(levels_per_unit(np.asarray(scale, np.float32)))
        steps = torch.round(torch.clamp(x, -limit, limit) * levels)  # half to even
        # A tensor on the same device: by a number, some devices multiply by 1 / 127,
        # which is another float32.
        return steps * limit / torch.full_like(steps, LEVELS)
