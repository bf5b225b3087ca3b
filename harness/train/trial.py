"""Does steps of a training on random numbers, to learn what one takes.

The side that computes, in a process of its own: what a trial has taken is given back
with it, and memory that runs out is the trial's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np

from harness.model.networks.functions import NetworkFunction
from harness.model.networks.shapes import network_shapes
from harness.model.paddle_run.device import open_device
from harness.model.paddle_run.forward_time import drawn_weights
from harness.model.paddle_run.runtime import import_paddle
from harness.process.machine_memory import peak_memory_bytes
from harness.train.architectures import ARCHITECTURES, objective_of
from harness.train.step import Step, Teacher, TrainingState
from harness.values.recipes import Recipe
from harness.values.training import MAX_BOXES, Batch

#: Ground truths of a drawn image: COCO has 7.3, VOC 2.9.
DRAWN_TRUTHS = 7

UNPRUNED = "none"  # of PRUNED_RATIOS

#: Weights hardly move by it: what a step takes does not depend on their values, but
#: numbers without end are slow.
RATE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A training to be tried."""

    recipe: Recipe
    teacher: Recipe | None = None  # that made the teacher, of a recipe that has one

    @property
    def network(self) -> NetworkFunction:
        """What is trained: pruned, if the recipe prunes."""
        return _network(self.recipe)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRun:
    """Some steps alike."""

    input_px: int
    batch: int
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialDone:
    """What the steps took."""

    step_s: float  # of one: the mean of the later half, which prepares nothing any more
    #: The most memory so far: of the process, or of what it holds on a GPU. None: the
    #: system does not say.
    peak_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialQuestion:
    """What a trial process is asked: runs of one trial, in their order."""

    trial: Trial
    gpu: bool
    runs: tuple[TrialRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialAnswer:
    """What it answers."""

    done: tuple[TrialDone, ...]  # of each run
    gpu_bytes: int | None  # all memory of the GPU


def trial_service() -> Callable[[memoryview], bytes]:
    """Return what answers the questions of one training's trial."""
    return _Service().answer


class _Service:
    """Keeps the step between two questions."""

    def __init__(self) -> None:
        self._step: Step | None = None

    def answer(self, message: memoryview) -> bytes:
        """Do the steps of a question; refusals end the process."""
        question = msgspec.json.decode(message, type=TrialQuestion)
        if self._step is None:
            open_device(gpu=question.gpu)
            self._step = open_trial(question.trial)
        classes = question.trial.recipe.network.num_classes
        done = tuple(
            _run(self._step, one, num_classes=classes, gpu=question.gpu)
            for one in question.runs
        )
        gpu_bytes = _gpu_bytes() if question.gpu else None
        return msgspec.json.encode(TrialAnswer(done=done, gpu_bytes=gpu_bytes))


def open_trial(trial: Trial) -> Step:
    """Return a step of the training, from drawn weights."""
    recipe, teacher = trial.recipe, None
    if trial.teacher is not None and recipe.distillation is not None:
        teaching = _network(trial.teacher)
        teacher = Teacher(
            network=teaching,
            weights=drawn_weights(network_shapes(teaching)),
            distillation=recipe.distillation.kind,
        )
    weights = drawn_weights(network_shapes(trial.network))
    return Step(
        trial.network,
        TrainingState(weights=weights, velocities={}),
        objective_of(recipe),
        teacher=teacher,
        clip_norm=recipe.optimiser.clip_norm,
    )


def _network(recipe: Recipe) -> NetworkFunction:
    build = ARCHITECTURES[recipe.network.architecture].network
    return build(recipe.network, recipe.pruning or UNPRUNED)


def random_batch(run: TrialRun, *, num_classes: int) -> Batch:
    """Return a batch of random numbers with as many ground truths as is usual."""
    random = np.random.default_rng(0)
    shape = (run.batch, MAX_BOXES)
    is_truth = np.arange(MAX_BOXES) < DRAWN_TRUTHS  # [M], the rest is padding
    boxes = np.concatenate(
        [random.uniform(0.1, 0.9, (*shape, 2)), random.uniform(0.02, 0.6, (*shape, 2))],
        axis=-1,
    )  # [B, M, 4]
    pixels = (run.batch, 3, run.input_px, run.input_px)
    return Batch(
        images=random.standard_normal(pixels, dtype=np.float32),
        boxes_cxcywh=(boxes * is_truth[:, None]).astype(np.float32),
        classes=(random.integers(0, num_classes, shape) * is_truth).astype(np.int32),
        scores=np.broadcast_to(is_truth, shape).astype(np.float32),
    )


def _run(step: Step, run: TrialRun, *, num_classes: int, gpu: bool) -> TrialDone:
    batch = random_batch(run, num_classes=num_classes)
    ends_s = [time.perf_counter()]
    for _ in range(run.steps):
        # A GPU ends a step after the call: the next one's waits for it, so the times
        # from end to end are those of whole steps.
        step.run(batch, RATE)
        ends_s.append(time.perf_counter())
    timed = (run.steps + 1) // 2
    return TrialDone(
        step_s=(ends_s[-1] - ends_s[-1 - timed]) / timed,
        peak_bytes=_gpu_peak_bytes() if gpu else peak_memory_bytes(),
    )


def _gpu_peak_bytes() -> int:
    return int(import_paddle().device.cuda.max_memory_allocated())


def _gpu_bytes() -> int:
    return int(import_paddle().device.cuda.get_device_properties().total_memory)
