"""Computes losses in float64 numpy, and their gradients by central differences."""

import numpy as np


class SlowLossOps:
    """The operations of losses; see ``networks.loss_ops.LossOps``.

    ``held``: a list. What is frozen first is kept there, and given back by the next
    operations that are made with the list: numbers that do not move with the others.
    """

    def __init__(self, held=None):
        self._held = [] if held is None else held
        self._replayed = iter(list(self._held))

    def constant(self, array):
        return np.asarray(array, np.float64)

    def frozen(self, x):
        before = next(self._replayed, None)
        if before is None:
            before = np.array(x)
            self._held.append(before)
        return before

    def numbers(self, x):
        return self.frozen(x)  # a choice does not move with what it was made by

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def exp(self, x):
        return np.exp(x)

    def abs(self, x):
        return np.abs(x)

    def square(self, x):
        return x * x

    def cross_entropy(self, logits, targets):
        return (
            np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
        )

    def maximum(self, first, second):
        return np.maximum(first, second)

    def minimum(self, first, second):
        return np.minimum(first, second)

    def largest(self, x):
        return x.max(axis=-1)

    def above(self, x, threshold):
        return np.where(x > threshold, 1.0, 0.0)

    def take(self, x, places):
        return x.reshape(-1)[places]

    def reshape(self, x, shape):
        return x.reshape(shape)

    def sum(self, x):
        return x.sum()

    def mean(self, x):
        return x.mean()


def slow_gradients(value_of, arrays, *, step=1e-6):
    """The gradient of a number in each array, float64, one number at a time.

    ``value_of`` takes the arrays' list; they are float64 and come back as they were.
    """
    gradients = []
    for array in arrays:
        flat, gradient = array.reshape(-1), np.empty(array.size)
        for place, held in enumerate(flat.copy()):
            flat[place] = held + step
            above = value_of(arrays)
            flat[place] = held - step
            below = value_of(arrays)
            flat[place] = held
            gradient[place] = (above - below) / (2 * step)
        gradients.append(gradient.reshape(array.shape))
    return gradients
