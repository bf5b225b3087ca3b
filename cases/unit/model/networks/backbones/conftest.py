"""A network told as the steps that a value went through."""

from collections.abc import Callable

import pytest

from harness.model.networks.shapes import network_shapes


class Trace:
    """Notes each convolution's kernel and stride, and every other step by its name."""

    def __init__(self):
        self.strides = {}  # of the convolution that has these weights

    def conv(self, x, weights, *, kernel, stride=1, **_):
        self.strides[weights] = (kernel, stride)
        return (*x, weights)

    def deform_conv(self, x, steering, weights, *, stride=1, **_):
        self.strides[weights] = ("deformable", stride)
        return (*x, weights, steering[-1])

    def batch_norm(self, x, _):
        return (*x, "bn")

    def relu(self, x):
        return (*x, "relu")

    def add(self, first, second):
        common = 0
        while first[: common + 1] == second[: common + 1] and common < len(first):
            common += 1
        return (*first[:common], (first[common:], second[common:]))

    def max_pool(self, x, *, kernel, stride):
        assert (kernel, stride) == (3, 2)
        return (*x, "max")

    def avg_pool(self, x):
        return (*x, "mean")


@pytest.fixture
def trace() -> Trace:
    """Operations that note what they are asked for."""
    return Trace()


def _shapes(backbone: Callable, width: float = 1.0) -> dict[str, tuple[int, ...]]:
    shapes = network_shapes(lambda ops, image: backbone(ops, image, width=width))
    return {name: one.shape for name, one in shapes.variables.items()}


@pytest.fixture
def shapes_of() -> Callable:
    """Give the shape of every variable of a backbone."""
    return _shapes
