"""The few operations that losses are written in.

A loss is written once, as a function of :class:`LossOps`; what runs it follows its
gradient: ``paddle_run.loss_tensors.LossTensors`` is Paddle's. Another runtime is one
more implementation, and so is the slow one in float64 that the tests compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

#: What flows: the runtime's own kind, which adds, subtracts, multiplies, divides,
#: broadcasts and is sliced as arrays are.
Value = Any

#: Name of a part to its one number; the loss is their sum.
Losses = dict[str, Value]


class LossOps(Protocol):
    """What a loss may do beside arithmetic and slices."""

    def constant(self, array: NDArray[Any]) -> Value:
        """Return the array as float32, without a gradient."""
        ...

    def frozen(self, x: Value) -> Value:
        """Return the same numbers; no gradient goes back through them."""
        ...

    def numbers(self, x: Value) -> NDArray[Any]:
        """Return the numbers as an array: what is chosen by them has no gradient."""
        ...

    def sigmoid(self, x: Value) -> Value:
        """Return ``1 / (1 + exp(-x))``."""
        ...

    def exp(self, x: Value) -> Value:
        """Return e to the power of each number."""
        ...

    def abs(self, x: Value) -> Value:
        """Return the absolute of each number."""
        ...

    def square(self, x: Value) -> Value:
        """Return the square of each number."""
        ...

    def cross_entropy(self, logits: Value, targets: Value) -> Value:
        """Return ``max(x, 0) - x t + log(1 + exp(-|x|))`` of each logit and target."""
        ...

    def maximum(self, first: Value, second: Value) -> Value:
        """Return the larger of each two."""
        ...

    def minimum(self, first: Value, second: Value) -> Value:
        """Return the smaller of each two."""
        ...

    def largest(self, x: Value) -> Value:
        """Return the largest along the last axis, which goes."""
        ...

    def above(self, x: Value, threshold: float) -> Value:
        """Return 1 where a number is above the threshold, 0 elsewhere; no gradient."""
        ...

    def take(self, x: Value, places: NDArray[np.int64]) -> Value:
        """Return the numbers at places of the flattened ``x``, in the places' shape.

        A place may be named twice: its gradient is the sum of both.
        """
        ...

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        """Return the same numbers in another shape."""
        ...

    def sum(self, x: Value) -> Value:
        """Return the sum of all numbers, without an axis."""
        ...

    def mean(self, x: Value) -> Value:
        """Return the mean of all numbers, without an axis."""
        ...
