"""Trains a network by a recipe, from the last checkpoint on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.errors import TrainingFailed, located
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.shapes import NetworkShapes, Variable, network_shapes
from harness.model.paddle_run.tensors import TensorOps
from harness.train.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from harness.train.recipe import Recipe

Arrays = dict[str, NDArray[np.float32]]

CHECKPOINT_EVERY = 250  # steps: at most half a minute of work is lost
REPORT_EVERY = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a training run stands, for whoever watches."""

    step: int
    steps: int
    loss: float
    rate: float
    images_per_s: float
    left_s: float


B = TypeVar("B")


class Task(Protocol[B]):
    """What is trained, on what, and how far off it is."""

    @property
    def recipe(self) -> Recipe:
        """Return the recipe: how long and how fast."""
        ...

    @property
    def network(self) -> NetworkFunction:
        """Return the network that is trained."""
        ...

    def batches(self, first: int, last: int) -> Iterator[B]:
        """Yield the batches of steps ``first`` to ``last - 1``."""
        ...

    def inputs(self, batch: B) -> NDArray[np.float32]:
        """Return what the network looks at: ``[B, 3, H, W]``."""
        ...

    def loss(self, outputs: Any, batch: B) -> Any:
        """Return the loss of a batch, a tensor of one value."""
        ...


def train(
    task: Task[B],
    initial: Arrays,
    *,
    checkpoint_path: Path,
    report: Callable[[Progress], None],
) -> Arrays:
    """Train from the last checkpoint, or from the start, and return the weights.

    Args:
        task: what, on what and how long.
        initial: weights to start from, one per variable of the network.
        checkpoint_path: the file that keeps the run's state.
        report: told every ``REPORT_EVERY`` steps.

    Raises:
        TrainingFailed: the loss is not a number, or the checkpoint is damaged or that
            of another network.
    """
    recipe = task.recipe
    shapes = network_shapes(task.network)
    start = read_checkpoint(checkpoint_path)
    if start is None:
        start = Checkpoint(step=0, weights=initial, optimiser={})
    else:
        with located(checkpoint_path):
            _demand_shapes(start.weights, shapes)
    if start.step >= recipe.steps:
        return start.weights
    run = _Run(task, shapes, start)
    watch = _Stopwatch(recipe, start.step)
    source = task.batches(start.step, recipe.steps)
    losses: list[float] = []
    for step, batch in enumerate(source, start.step):
        losses.append(run.step(step, batch))
        done = step + 1
        if done % REPORT_EVERY == 0 or done == recipe.steps:
            report(watch.progress(done, float(np.mean(losses)), run.rate(step)))
            losses.clear()
        if done % CHECKPOINT_EVERY == 0 or done == recipe.steps:
            write_checkpoint(checkpoint_path, run.checkpoint(done))
    return run.checkpoint(recipe.steps).weights


def cosine_rate(step: int, *, steps: int, peak_rate: float, warmup_steps: int) -> float:
    """Return the rate of a step: linear from near 0 to the peak, then half a cosine.

    Args:
        step: 0-based.
        steps: of the whole run.
        peak_rate: reached after the warm-up.
        warmup_steps: length of the rise.
    """
    if step < warmup_steps:
        return peak_rate * (step + 1) / warmup_steps
    done = (step - warmup_steps) / max(1, steps - warmup_steps)
    return peak_rate * 0.5 * (1 + math.cos(math.pi * done))


class _Run(Generic[B]):
    """The tensors of one training run."""

    def __init__(self, task: Task[B], shapes: NetworkShapes, start: Checkpoint) -> None:
        import paddle

        paddle.set_device("cpu")
        self._task = task
        self._network = task.network
        self._recipe = recipe = task.recipe
        # A namespace of its own: Paddle refuses a name that an earlier run of this
        # process gave to a parameter.
        with paddle.utils.unique_name.guard():
            self._state = {
                name: _tensor(variable, start.weights[name])
                for name, variable in shapes.variables.items()
            }
        self._trained = {
            name: self._state[name]
            for name, variable in shapes.variables.items()
            if variable.is_trained
        }
        self._optimiser = paddle.optimizer.Adam(
            learning_rate=recipe.peak_rate,
            parameters=list(self._trained.values()),
            grad_clip=paddle.nn.ClipGradByGlobalNorm(recipe.clip_norm),
        )
        if start.optimiser:
            self._optimiser.set_state_dict(
                {name: paddle.to_tensor(one) for name, one in start.optimiser.items()}
            )
        self._ops = TensorOps(
            self._state, training=True, bn_momentum=recipe.bn_momentum
        )

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        return cosine_rate(
            step,
            steps=self._recipe.steps,
            peak_rate=self._recipe.peak_rate,
            warmup_steps=self._recipe.warmup_steps,
        )

    def step(self, step: int, batch: B) -> float:
        """Do one step and return its loss."""
        import paddle

        self._optimiser.set_lr(self.rate(step))
        images = paddle.to_tensor(self._task.inputs(batch))
        loss = self._task.loss(self._network(self._ops, images), batch)
        value = float(loss)
        if not np.isfinite(value):
            raise TrainingFailed(
                f"step {step}: loss", expected="a finite number", got=value
            )
        loss.backward()
        # The first step names the moments, the same in every process: a checkpoint's
        # are found by these names.
        with paddle.utils.unique_name.guard():
            self._optimiser.step()
        self._optimiser.clear_grad()
        return value

    def checkpoint(self, done: int) -> Checkpoint:
        """Return the state after ``done`` steps."""
        return Checkpoint(
            step=done,
            weights={name: one.numpy() for name, one in self._state.items()},
            optimiser={
                name: one.numpy()
                for name, one in self._optimiser.state_dict().items()
                if hasattr(one, "numpy")
            },
        )


def _tensor(variable: Variable, value: NDArray[np.float32]) -> Any:
    import paddle

    if not variable.is_trained:
        return paddle.to_tensor(value)
    tensor = paddle.create_parameter(list(value.shape), "float32", variable.name)
    tensor.set_value(value)
    return tensor


def _demand_shapes(weights: Arrays, shapes: NetworkShapes) -> None:
    for name, variable in shapes.variables.items():
        got = weights[name].shape if name in weights else "nothing"
        if got != variable.shape:
            raise TrainingFailed(
                f"{name}: shape",
                expected=variable.shape,
                got=got,
                next_step="delete the file to start this stage anew",
            )


class _Stopwatch:
    """Images a second and time left, from this process's own start."""

    def __init__(self, recipe: Recipe, first: int) -> None:
        self._recipe = recipe
        self._first = first
        self._start_s = time.monotonic()

    def progress(self, done: int, loss: float, rate: float) -> Progress:
        spent_s = time.monotonic() - self._start_s
        per_step_s = spent_s / (done - self._first)
        return Progress(
            step=done,
            steps=self._recipe.steps,
            loss=loss,
            rate=rate,
            images_per_s=self._recipe.batch / per_step_s,
            left_s=per_step_s * (self._recipe.steps - done),
        )
