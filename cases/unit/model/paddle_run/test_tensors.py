"""What training adds to the operations; the rest: ``../runtimes``."""

import numpy as np
import pytest

from harness.model.networks.ops import BatchNormNames
from harness.model.paddle_run.runtime import import_paddle
from harness.model.paddle_run.tensors import TensorOps

NAMES = BatchNormNames(scale="s", offset="o", mean="m", variance="v")


@pytest.fixture(scope="module")
def paddle():
    return import_paddle()


def tensors(paddle, **values):
    return {
        name: paddle.to_tensor(np.asarray(value, np.float32))
        for name, value in values.items()
    }


def test_training_moves_the_running_statistics_by_its_momentum(paddle):
    state = tensors(paddle, s=[1], o=[0], m=[0], v=[1])
    ops = TensorOps(state, training=True, bn_momentum=0.75)

    ops.batch_norm(paddle.to_tensor(np.float32([[[[3, 5]]]])), NAMES)

    assert state["m"].numpy() == pytest.approx([0.75 * 0 + 0.25 * 4])


def test_evaluation_leaves_the_running_statistics(paddle):
    state = tensors(paddle, s=[1], o=[0], m=[0], v=[1])

    TensorOps(state).batch_norm(paddle.to_tensor(np.float32([[[[3, 5]]]])), NAMES)

    assert (state["m"].item(), state["v"].item()) == (0, 1)
