"""Does one step of training a YOLOv3 as the zoo was trained.

A state goes in as arrays and comes out as arrays, so a step can start anywhere: from an
initial network, a checkpoint, or what the old runtime held before a step of its own.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.compress.distill import DISTILLATIONS
from harness.errors import LossNotFinite, TrainingFailed
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.loss_ops import Losses, LossOps, Value
from harness.model.networks.ops import BN_MOMENTUM
from harness.model.networks.shapes import Variable, network_shapes
from harness.model.paddle_run.trainee import Trainee, frozen_outputs
from harness.train.yolo_losses import fine_grained_losses, ordinary_losses
from harness.values.training import Batch

LOGGER = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[np.float32]]
LossesOfHeads = Callable[[LossOps, Sequence[Value], Batch], Losses]

MOMENTUM = 0.9  # zoo-spec 5.1
WEIGHT_DECAY = 5e-4  # zoo-spec 5.1

#: End of the bias that steers a deformable convolution. Upstream gave it no decay of
#: its own, so it has the optimiser's; that of an output is told to have none.
STEERING_BIAS = "_conv_offset.b_0"  # zoo-spec 2.3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingState:
    """All that a step changes, by variable name."""

    weights: Arrays  # running statistics too
    velocities: Arrays  # of what is trained; one that is missing is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What a training makes small."""

    num_classes: int
    label_smooth: bool = False  # of the ordinary loss; the other has none
    is_fine_grained: bool = False

    def __call__(self, ops: LossOps, heads: Sequence[Value], batch: Batch) -> Losses:
        """Return the losses of the heads by part."""
        if self.is_fine_grained:
            return fine_grained_losses(ops, heads, batch, num_classes=self.num_classes)
        return ordinary_losses(
            ops,
            heads,
            batch,
            num_classes=self.num_classes,
            label_smooth=self.label_smooth,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """A trained network that a student is compared with, and that stays as it is."""

    network: NetworkFunction
    weights: Arrays
    distillation: str  # key of DISTILLATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """What a step was for."""

    losses: Mapping[str, float]  # of each part

    @property
    def loss(self) -> float:
        """Their sum, which the step went down."""
        return sum(self.losses.values())


class Trainable(Protocol):
    """What learns: a :class:`Step`, or a stub of tests and of the benchmark."""

    def run(self, batch: Batch, rate: float) -> StepDone:
        """Do one step.

        Raises:
            LossNotFinite: the state is what it was before the step.
        """
        ...

    def state(self) -> TrainingState:
        """Return what the next step starts from."""
        ...


class Step:
    """Steps of one training.

    Args:
        network: what is trained.
        state: where it starts.
        objective: the losses of its heads.
        teacher: of a student; its loss is added.
        momentum: of the velocities.
        decay: the pull on what :func:`decayed_variables` names.
        bn_momentum: share of the running statistics that a step keeps.
        clip_norm: longest gradient, over all variables; None for no limit.

    Raises:
        TrainingFailed: the state lacks a variable, or holds one of another shape.
    """

    def __init__(
        self,
        network: NetworkFunction,
        state: TrainingState,
        objective: LossesOfHeads,
        *,
        teacher: Teacher | None = None,
        momentum: float = MOMENTUM,
        decay: float = WEIGHT_DECAY,
        bn_momentum: float = BN_MOMENTUM,
        clip_norm: float | None = None,
    ) -> None:
        variables = network_shapes(network).variables
        trained = {name: one for name, one in variables.items() if one.is_trained}
        _demand_shapes("weights", state.weights, variables)
        _demand_shapes("velocities", state.velocities, trained, may_lack=True)
        decayed = decayed_variables(variables)
        LOGGER.info(
            "training %d variables, %d of them decayed, %d velocities given, %s",
            len(trained),
            len(decayed),
            len(trained.keys() & state.velocities),
            f"{teacher.distillation} of a teacher" if teacher else "without a teacher",
        )
        self._objective = objective
        self._trainee = Trainee(
            network,
            variables,
            state.weights,
            {
                name: state.velocities[name]
                for name in trained.keys() & state.velocities
            },
            decayed=decayed,
            momentum=momentum,
            decay=decay,
            bn_momentum=bn_momentum,
            clip_norm=clip_norm,
        )
        self._teacher_heads = None
        if teacher is not None:
            shapes = network_shapes(teacher.network).variables
            _demand_shapes("teacher", teacher.weights, shapes)
            self._teacher_heads = frozen_outputs(teacher.network, teacher.weights)
            self._distillation = DISTILLATIONS[teacher.distillation]

    def run(self, batch: Batch, rate: float) -> StepDone:
        """Do one step.

        Raises:
            LossNotFinite: the state is what it was before the step.
            TrainingFailed: the teacher's heads have other shapes.
        """

        def losses_of(ops: LossOps, heads: Sequence[Value]) -> Losses:
            losses = self._objective(ops, heads, batch)
            if self._teacher_heads is None:
                return losses
            taught = self._teacher_heads(batch.images)
            _demand_same_shapes(heads, taught)
            return {**losses, **self._distillation(ops, heads, taught)}

        return StepDone(
            losses=self._trainee.step(
                batch.images, losses_of, rate=rate, demand=_demand_finite
            )
        )

    def state(self) -> TrainingState:
        """Return what the next step starts from."""
        return TrainingState(
            weights=self._trainee.weights(), velocities=self._trainee.velocities()
        )


def decayed_variables(variables: Mapping[str, Variable]) -> frozenset[str]:
    """Return the names of what the decay pulls: convolutions' weights.

    Scales and offsets of normalisations and biases of outputs are left; the bias that
    steers a deformable convolution is not.  # zoo-spec 5.1
    """
    return frozenset(
        name
        for name, variable in variables.items()
        if len(variable.shape) == 4 or name.endswith(STEERING_BIAS)
    )


def _demand_finite(losses: Mapping[str, float]) -> None:
    broken = {name: one for name, one in losses.items() if not math.isfinite(one)}
    if broken:
        raise LossNotFinite(
            f"loss of {', '.join(broken)}",
            expected="finite numbers",
            got=", ".join(map(str, broken.values())),
        )


def _demand_same_shapes(heads: Sequence[Value], taught: Sequence[Value]) -> None:
    ours, theirs = ([tuple(head.shape) for head in one] for one in (heads, taught))
    if ours != theirs:
        raise TrainingFailed(
            "shapes of the teacher's heads",
            expected=ours,
            got=theirs,
            next_step="take a teacher of the same classes",
        )


def _demand_shapes(
    what: str,
    arrays: Arrays,
    variables: Mapping[str, Variable],
    *,
    may_lack: bool = False,
) -> None:
    for name, variable in variables.items():
        got = arrays[name].shape if name in arrays else "nothing"
        if got != variable.shape and not (may_lack and name not in arrays):
            raise TrainingFailed(
                f"{what}: {name}: shape",
                expected=variable.shape,
                got=got,
                next_step="start from a state of the network that is trained",
            )
