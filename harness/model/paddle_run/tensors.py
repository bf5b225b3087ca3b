"""Runs a network on Paddle tensors, in dynamic mode as in static mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.model.networks.eight_bits import LEVELS, levels_per_unit
from harness.model.networks.ops import (
    BN_EPSILON,
    BN_MOMENTUM,
    LEAKY_SLOPE,
    OFFSET_CHANNELS,
    BatchNormNames,
)
from harness.model.paddle_run.runtime import add_tensors, round_half_even, sigmoid

Tensor = Any  # Paddle has no stubs


class TensorOps:
    """The operations on real values.

    Args:
        state: variable name to tensor (dynamic mode) or parameter (static mode).
        training: use and update batch statistics.
        bn_momentum: share of the running statistics that an update keeps.
    """

    def __init__(
        self,
        state: Mapping[str, Tensor],
        *,
        training: bool = False,
        bn_momentum: float = BN_MOMENTUM,
    ) -> None:
        from paddle.nn import functional

        self._functional = functional
        self._state = state
        self._training = training
        self._bn_momentum = bn_momentum

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
            training=self._training,
            momentum=self._bn_momentum,
            epsilon=BN_EPSILON,
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
        import paddle

        return paddle.concat([first, second], axis=1)

    def add(self, first: Tensor, second: Tensor) -> Tensor:
        """Sum two maps of one shape."""
        return add_tensors(first, second)

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
            x, 2, stride=2, ceil_mode=True, exclusive=True
        )

    def deform_conv(
        self, x: Tensor, steering: Tensor, weights: str, *, out: int, stride: int = 1
    ) -> Tensor:
        """Convolve at moved points; see :class:`Ops`."""
        from paddle.vision.ops import deform_conv2d

        kernel = self._state[weights]
        assert kernel.shape[0] == out
        return deform_conv2d(
            x,
            steering[:, :OFFSET_CHANNELS],
            kernel,
            stride=stride,
            padding=1,
            mask=sigmoid(steering[:, OFFSET_CHANNELS:]),
        )

    def fake_quantise(self, x: Tensor, *, scale: float) -> Tensor:
        """Round to 8 bits, each step in float32, in the order of the old operators."""
        import paddle

        levels = float(levels_per_unit(np.asarray(scale, np.float32)))
        clipped = paddle.clip(x, -scale, scale)
        steps = round_half_even(paddle.scale(clipped, levels))
        # a division: x * (1 / 127) is another float32, and `/` of a number is that
        all_levels = paddle.full([1], LEVELS, "float32")
        return paddle.divide(paddle.scale(steps, scale), all_levels)
