"""Holds a network that learns: its variables and velocities as Paddle tensors.

Arrays by variable name go in and come out; between them nothing leaves the device but
the losses. Tensors are made on the device that was opened (``device.open_device``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.networks.functions import NetworkFunction
from harness.model.networks.loss_ops import LossOps
from harness.model.networks.ops import BN_MOMENTUM
from harness.model.networks.shapes import Variable
from harness.model.paddle_run.device import use_all_threads
from harness.model.paddle_run.loss_tensors import LossTensors
from harness.model.paddle_run.runtime import import_paddle
from harness.model.paddle_run.tensors import TensorOps

Arrays = Mapping[str, NDArray[np.float32]]
Tensor = Any  # Paddle has no stubs

#: Operations of losses and the network's outputs, to numbers by name.
LossFunction = Callable[[LossOps, Sequence[Tensor]], Mapping[str, Tensor]]


class Trainee:
    """A network that is trained by Momentum: ``v = m v + g + d p``, ``p -= rate v``.

    Args:
        network: what is trained.
        variables: all of the network's.
        weights: a value of each.
        velocities: a value of each that is trained; one that is missing starts at 0.
        decayed: names of the variables that the decay pulls to 0.
        momentum: ``m``.
        decay: ``d``, of the decayed ones.
        bn_momentum: share of the running statistics that a step keeps.
        clip_norm: gradients of a larger norm, all of them together, are made shorter
            to it before the decay is added. None: they are taken as they are.
    """

    def __init__(
        self,
        network: NetworkFunction,
        variables: Mapping[str, Variable],
        weights: Arrays,
        velocities: Arrays,
        *,
        decayed: Collection[str],
        momentum: float,
        decay: float,
        bn_momentum: float = BN_MOMENTUM,
        clip_norm: float | None = None,
    ) -> None:
        paddle = import_paddle()
        self._clip = (
            None if clip_norm is None else paddle.nn.ClipGradByGlobalNorm(clip_norm)
        )
        self._network = network
        # A namespace of its own: Paddle refuses a name that an earlier training of this
        # process gave to a parameter.
        with paddle.utils.unique_name.guard():
            self._state = {
                name: _tensor(paddle, variable, weights[name])
                for name, variable in variables.items()
            }
        self._trained = [
            name for name, variable in variables.items() if variable.is_trained
        ]
        self._running = [name for name in variables if name not in self._trained]
        groups = (
            ([name for name in self._trained if name in decayed], decay),
            ([name for name in self._trained if name not in decayed], 0.0),
        )
        self._optimiser = paddle.optimizer.Momentum(
            momentum=momentum,
            parameters=[
                {"params": [self._state[name] for name in names], "weight_decay": pull}
                for names, pull in groups
                if names
            ],
        )
        # Paddle has them from its first step on, and tells them from then on.
        self._start = {
            _velocity(name): paddle.to_tensor(
                velocities.get(name, np.zeros(variables[name].shape, np.float32))
            )
            for name in self._trained
        }
        self._optimiser.set_state_dict(self._start)
        self._ops = TensorOps(self._state, training=True, bn_momentum=bn_momentum)

    def step(
        self,
        images: NDArray[np.float32],
        losses_of: LossFunction,
        *,
        rate: float,
        demand: Callable[[Mapping[str, float]], None],
    ) -> dict[str, float]:
        """Do one step down the sum of the losses, and return each.

        Args:
            images: ``[B, 3, H, W]``.
            losses_of: what is to become small.
            rate: of this step.
            demand: is told the losses before any weight moves; raises to prevent it.
                The running statistics are then what they were.
        """
        paddle = import_paddle()
        before = {name: self._state[name].clone() for name in self._running}
        use_all_threads()
        outputs = self._network(self._ops, paddle.to_tensor(images))
        losses = losses_of(LossTensors(), outputs)
        values = {name: float(loss) for name, loss in losses.items()}
        try:
            demand(values)
        except Exception:
            for name, value in before.items():
                self._state[name].set_value(value)
            raise
        total: Tensor = sum(losses.values())
        total.backward()
        self._shorten_gradients()
        self._optimiser.set_lr(rate)
        # The first step names the velocities, the same in every process.
        with paddle.utils.unique_name.guard():
            self._optimiser.step()
        self._optimiser.clear_grad()
        return values

    def _shorten_gradients(self) -> None:
        # Not left to the optimiser: it takes the norm of each group by itself.
        if self._clip is None:
            return
        variables = (self._state[name] for name in self._trained)
        slopes = [(one, one.grad) for one in variables if one.grad is not None]
        for variable, shortened in self._clip(slopes):
            variable.grad.set_value(shortened)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return every variable, running statistics too."""
        return {name: tensor.numpy() for name, tensor in self._state.items()}

    def velocities(self) -> dict[str, NDArray[np.float32]]:
        """Return the velocity of each trained variable."""
        held = {**self._start, **self._optimiser.state_dict()}
        return {name: held[_velocity(name)].numpy() for name in self._trained}


def frozen_outputs(
    network: NetworkFunction, weights: Arrays
) -> Callable[[NDArray[np.float32]], tuple[Tensor, ...]]:
    """Return a network that does not learn: images to outputs without a gradient.

    It normalises by its running statistics, and leaves them as they are.
    """
    paddle = import_paddle()
    ops = TensorOps({name: paddle.to_tensor(one) for name, one in weights.items()})

    def outputs(images: NDArray[np.float32]) -> tuple[Tensor, ...]:
        with paddle.no_grad():
            return network(ops, paddle.to_tensor(images))

    return outputs


def _velocity(name: str) -> str:
    """Return what both runtimes call the velocity of a variable (zoo-spec 2.6)."""
    return f"{name}_velocity_0"


def _tensor(paddle: Any, variable: Variable, value: NDArray[np.float32]) -> Tensor:
    if not variable.is_trained:
        return paddle.to_tensor(value)
    tensor = paddle.create_parameter(list(value.shape), "float32", variable.name)
    tensor.set_value(value)
    return tensor
