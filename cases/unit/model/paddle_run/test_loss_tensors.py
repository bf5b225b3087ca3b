"""Holds each operation of losses to the slow one, in value and gradient."""

import numpy as np
import pytest

from harness.model.networks.loss_ops import LossOps
from harness.model.paddle_run.loss_tensors import LossTensors
from harness.model.paddle_run.runtime import import_paddle
from testing.slow_losses import SlowLossOps, slow_gradients

RNG = np.random.default_rng(3)
X = 3 * RNG.standard_normal((2, 3, 4)).astype(np.float32)
Y = RNG.uniform(0, 1, (2, 3, 4)).astype(np.float32)
PLACES = np.asarray([[0, 23, 5], [5, 5, 7]])  # one of them three times

#: Name of an operation -> what of X is computed with it.
USES = {
    "constant": lambda ops, x: x * ops.constant(Y),
    "frozen": lambda ops, x: x * ops.frozen(x),
    "numbers": lambda ops, x: x * ops.constant(ops.numbers(x) > 0.5),
    "sigmoid": lambda ops, x: ops.sigmoid(x),
    "exp": lambda ops, x: ops.exp(x),
    "abs": lambda ops, x: ops.abs(x),
    "square": lambda ops, x: ops.square(x),
    "cross_entropy": lambda ops, x: ops.cross_entropy(20 * x, ops.constant(Y)),
    "maximum": lambda ops, x: ops.maximum(x, ops.constant(Y)),
    "minimum": lambda ops, x: ops.minimum(x, ops.constant(Y)),
    "largest": lambda ops, x: ops.largest(x),
    "above": lambda ops, x: x * ops.above(x, 0.5),
    "take": lambda ops, x: ops.take(x, PLACES),
    "reshape": lambda ops, x: ops.reshape(x, (4, -1))[1:],
    "sum": lambda ops, x: ops.sum(x),
    "mean": lambda ops, x: ops.mean(x),
}


def weighted(value):
    """One number of all, each with a weight of its own."""
    shape = tuple(value.shape)
    return value * np.arange(1, 1 + int(np.prod(shape)), dtype="f4").reshape(shape)


def test_every_operation_is_held():
    named = {name for name in vars(LossOps) if not name.startswith("_")}

    assert named == USES.keys()


@pytest.mark.parametrize("name", USES)
def test_an_operation_is_the_slow_one(name):
    paddle = import_paddle()
    x = paddle.to_tensor(X, stop_gradient=False)

    value = USES[name](LossTensors(), x)
    weights = weighted(np.ones(value.shape))
    (value * paddle.to_tensor(weights.astype("f4"))).sum().backward()

    held = []
    exact = X.astype(float)
    expected = USES[name](SlowLossOps(held), exact)
    assert tuple(value.shape) == np.shape(expected)
    np.testing.assert_allclose(value.numpy(), expected, rtol=1e-5, atol=1e-6)
    (slope,) = slow_gradients(
        lambda arrays: (USES[name](SlowLossOps(held), arrays[0]) * weights).sum(),
        [exact],
    )
    assert np.abs(x.grad.numpy() - slope).max() < 1e-5 * np.abs(slope).max()


def test_what_is_constant_or_above_has_no_gradient():
    paddle = import_paddle()
    x = paddle.to_tensor(X, stop_gradient=False)
    ops = LossTensors()

    assert ops.constant(Y).stop_gradient
    assert ops.frozen(x).stop_gradient
    assert ops.above(x, 0.0).stop_gradient


def test_a_number_at_the_threshold_is_not_above_it():
    paddle = import_paddle()
    values = np.asarray([0.5, np.nextafter(np.float32(0.5), np.float32(1))], "f4")

    above = LossTensors().above(paddle.to_tensor(values), 0.5)

    assert above.numpy().tolist() == [0, 1]
