"""Computes losses on Paddle tensors, in dynamic mode, by kernels of every device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensor = Any  # Paddle has no stubs


class LossTensors:
    """The operations of losses; see ``networks.loss_ops.LossOps``."""

    def __init__(self) -> None:
        import paddle

        self._paddle = paddle

    def constant(self, array: NDArray[Any]) -> Tensor:
        """Return the array without a gradient."""
        return self._paddle.to_tensor(np.asarray(array, np.float32))

    def frozen(self, x: Tensor) -> Tensor:
        """Return the same numbers without a gradient."""
        return x.detach()

    def numbers(self, x: Tensor) -> NDArray[Any]:
        """Return the numbers as an array."""
        numbers: NDArray[Any] = x.numpy()
        return numbers

    def sigmoid(self, x: Tensor) -> Tensor:
        """Return ``1 / (1 + exp(-x))``."""
        return self._paddle.nn.functional.sigmoid(x)

    def exp(self, x: Tensor) -> Tensor:
        """Return e to the power of each number."""
        return self._paddle.exp(x)

    def abs(self, x: Tensor) -> Tensor:
        """Return the absolute of each number."""
        return self._paddle.abs(x)

    def square(self, x: Tensor) -> Tensor:
        """Return the square of each number."""
        return self._paddle.square(x)

    def cross_entropy(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the cross entropy of each sigmoid."""
        return self._paddle.nn.functional.binary_cross_entropy_with_logits(
            logits, targets, reduction="none"
        )

    def maximum(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the larger of each two."""
        return self._paddle.maximum(first, second)

    def minimum(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the smaller of each two."""
        return self._paddle.minimum(first, second)

    def largest(self, x: Tensor) -> Tensor:
        """Return the largest along the last axis."""
        return self._paddle.max(x, axis=-1)

    def above(self, x: Tensor, threshold: float) -> Tensor:
        """Return 1 above the threshold, 0 elsewhere."""
        return (x.detach() > threshold).astype("float32")

    def take(self, x: Tensor, places: NDArray[np.int64]) -> Tensor:
        """Return the numbers at places of the flattened ``x``."""
        at = self._paddle.to_tensor(places.reshape(-1))
        taken = self._paddle.gather(x.reshape([-1]), at)
        return taken.reshape(list(places.shape))

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the same numbers in another shape."""
        return x.reshape(list(shape))

    def sum(self, x: Tensor) -> Tensor:
        """Return the sum of all numbers."""
        return self._paddle.sum(x)

    def mean(self, x: Tensor) -> Tensor:
        """Return the mean of all numbers."""
        return self._paddle.mean(x)
