"""The one loop: what it adds to its batches and its steps, and what a loss takes.

Told, as ratios of one run in which both sides take turns (the median of the rounds):

- the loop with a step that does nothing / its batches alone (aim: 0.9 and more);
- the loop / bare steps on one batch, at 320 (no aim);
- Paddle's own ``yolo_loss``, which has a CPU kernel alone, against ours of elementary
  operations, and the share of each in a step (no aim);
- a plan's seconds of a step / those of a training (aim: 0.5 to 2).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from harness.model.networks.loss_ops import Losses, LossOps, Value
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX
from harness.model.paddle_run.device import open_device
from harness.model.paddle_run.forward_time import drawn_weights
from harness.model.paddle_run.loss_tensors import LossTensors
from harness.pipeline.train.loader_workers import loader_workers
from harness.pipeline.train.training_cost import Work, time_training
from harness.train.chain.batches import BatchSource
from harness.train.chain.chains import CHAINS
from harness.train.chain.loader import loaded_batches
from harness.train.loop import Progress, Run, Trainable, train
from harness.train.saved_state import Subject
from harness.train.step import Objective, Step, StepDone, TrainingState
from harness.train.trial import Trial, TrialRun, open_trial, random_batch
from harness.train.yolo_losses import IGNORE_THRESHOLD
from harness.values.schedules import Schedule
from harness.values.training import Batch, TrainingImage
from testing.tiny_recipes import TINY

pytestmark = pytest.mark.speed

Tell = Callable[[str, Mapping[str, Any]], None]

CLASSES = 80
STATE = TrainingState(weights={"w": np.zeros(1, np.float32)}, velocities={})


def _network(width: float) -> YoloV3:
    return YoloV3(
        backbone="mobilenet_v1",
        num_classes=CLASSES,
        width=width,
        head_channels=pruned_channels("none", width),
    )


def _trial(width: float) -> Trial:
    network = replace(TINY.network, num_classes=CLASSES, width=width)
    return Trial(recipe=replace(TINY, network=network, is_label_smoothed=False))


def _run(
    source: BatchSource,
    steps: int,
    open_step: Callable[[TrainingState], Trainable],
    start: TrainingState = STATE,
) -> Run:
    shapes = {name: one.shape for name, one in start.weights.items()}
    return Run(
        subject=Subject(recipe_sha256="ab" * 32, shapes=shapes),
        schedule=Schedule(
            steps=steps,
            batch=source.batch,
            base_rate=1e-9,  # drawn weights learn nothing, and stay numbers
            warmup_steps=0,
            milestones=(),
            save_every_steps=10 * steps,
        ),
        seed=0,
        batches_per_epoch=source.batches_per_epoch,
        batches=partial(loaded_batches, source, workers=1),
        start=lambda: start,
        open_step=open_step,
    )


class _Turns:
    """Lets a loop and something else take turns, and notes both times of a round.

    Args:
        other: does as much as the loop does in a round.
        steps: of a round.
    """

    def __init__(self, other: Callable[[], None], steps: int) -> None:
        self._other = other
        self._steps = steps
        self._since_s = time.perf_counter()
        self.loop_s: list[float] = []
        self.other_s: list[float] = []

    def __call__(self, progress: Progress) -> None:
        """Watch the loop: after a round of its steps, the other has its turn."""
        if progress.step % self._steps == 0:
            ended_s = time.perf_counter()
            self.loop_s.append(ended_s - self._since_s)
            self._other()
            self._since_s = time.perf_counter()
            self.other_s.append(self._since_s - ended_s)

    @property
    def share(self) -> float:
        """The loop's speed as a share of the other's; the first round prepares.

        Neighbouring turns are compared: what else the machine does comes and goes.
        """
        turns = zip(self.other_s[1:], self.loop_s[1:], strict=True)
        return median(other_s / loop_s for other_s, loop_s in turns)


def _take(batches: Generator[Batch], count: int) -> None:
    for _ in range(count):
        next(batches)


class _Nothing:
    """A step that does nothing."""

    def run(self, batch: Batch, rate: float) -> StepDone:
        assert batch.images.any()
        return StepDone(losses={"nothing": rate})

    def state(self) -> TrainingState:
        return STATE


@pytest.mark.parametrize("size_px", [320, 608])
def test_loop_without_a_step(
    benchmark: Any,
    tell: Tell,
    tmp_path: Path,
    photographs: tuple[TrainingImage, ...],
    size_px: int,
) -> None:
    chain = replace(CHAINS["yolov3"], sizes_px=(size_px,))
    source = BatchSource(images=photographs, chain=chain, batch=8, seed=0)
    steps, rounds = 8, 8
    run = _run(source, steps * rounds, lambda _: _Nothing())

    def measure() -> _Turns:
        with closing(loaded_batches(source, 0, 10_000, workers=1)) as batches:
            turns = _Turns(lambda: _take(batches, steps), steps)
            train(run, tmp_path, watch=turns)
        return turns

    turns = benchmark.pedantic(measure, rounds=1)

    figures = {"loop / chain": turns.share}
    benchmark.extra_info.update(figures)
    tell(f"loop without a step at {size_px}", figures)
    assert len(turns.loop_s) == rounds


def test_loop_with_steps(
    benchmark: Any, tell: Tell, tmp_path: Path, photographs: tuple[TrainingImage, ...]
) -> None:
    open_device(gpu=False)
    chain = replace(CHAINS["yolov3"], sizes_px=(320,))
    source = BatchSource(images=photographs, chain=chain, batch=4, seed=0)
    network, (steps, rounds) = _network(0.25), (2, 6)
    start = TrainingState(weights=drawn_weights(network_shapes(network)), velocities={})
    bare = open_trial(_trial(0.25))
    batch = random_batch(
        TrialRun(input_px=320, batch=4, steps=steps), num_classes=CLASSES
    )

    def do_bare_steps() -> None:
        for _ in range(steps):
            bare.run(batch, 1e-9)

    def open_step(state: TrainingState) -> Step:
        return Step(network, state, Objective(num_classes=CLASSES))

    def measure() -> _Turns:
        turns = _Turns(do_bare_steps, steps)
        train(_run(source, steps * rounds, open_step, start), tmp_path, watch=turns)
        return turns

    turns = benchmark.pedantic(measure, rounds=1)

    figures = {"loop / bare steps": turns.share}
    benchmark.extra_info.update(figures)
    tell("loop of mobilenet_v1 x 0.25 at 320", figures)
    assert len(turns.loop_s) == rounds


def _kernel_losses(_: LossOps, heads: Sequence[Value], batch: Batch) -> Losses:
    """Return the loss by Paddle's own operator."""
    import paddle

    truth = [batch.boxes_cxcywh, batch.classes, batch.scores]
    boxes, classes, scores = map(paddle.to_tensor, truth)
    levels = zip(heads, ANCHOR_MASKS, STRIDES_PX, strict=True)
    losses = (
        paddle.vision.ops.yolo_loss(
            head,
            boxes,
            classes,
            anchors=[side for anchor in ANCHORS_PX for side in anchor],
            anchor_mask=list(mask),
            class_num=CLASSES,
            ignore_thresh=IGNORE_THRESHOLD,
            downsample_ratio=stride_px,
            gt_score=scores,
            use_label_smooth=False,
        ).mean()
        for head, mask, stride_px in levels
    )
    return {"all": sum(losses)}


def test_share_of_the_loss(benchmark: Any, tell: Tell) -> None:
    open_device(gpu=False)
    import paddle

    run = TrialRun(input_px=320, batch=2, steps=1)
    batch = random_batch(run, num_classes=CLASSES)
    step = open_trial(_trial(1.0))
    random = np.random.default_rng(0)
    heads = []
    for stride_px in STRIDES_PX:
        shape = (run.batch, 3 * (5 + CLASSES), 320 // stride_px, 320 // stride_px)
        head = paddle.to_tensor(random.standard_normal(shape).astype(np.float32))
        head.stop_gradient = False
        heads.append(head)
    ways = {"ours": Objective(num_classes=CLASSES), "Paddle's": _kernel_losses}
    times_s: dict[str, list[float]] = {"step": [], **{one: [] for one in ways}}
    values: dict[str, float] = {}

    def take_turns() -> None:
        started_s = time.perf_counter()
        step.run(batch, 1e-9)
        times_s["step"].append(time.perf_counter() - started_s)
        for name, losses_of in ways.items():
            started_s = time.perf_counter()
            total: Any = sum(losses_of(LossTensors(), heads, batch).values())
            total.backward()
            values[name] = float(total)
            times_s[name].append(time.perf_counter() - started_s)

    benchmark.pedantic(take_turns, rounds=7, warmup_rounds=1)

    step_s, ours_s, kernel_s = (median(one) for one in times_s.values())
    figures = {
        "ours, share of a step": ours_s / step_s,
        "Paddle's, share of its step": kernel_s / (step_s - ours_s + kernel_s),
        "Paddle's / ours": kernel_s / ours_s,
        "ours, ms": ours_s * 1000,
    }
    benchmark.extra_info.update(figures)
    tell("loss of 2 images at 320, mobilenet_v1", figures)
    assert values["ours"] == pytest.approx(values["Paddle's"], rel=1e-4)


def test_planned_seconds(
    benchmark: Any, tell: Tell, tmp_path: Path, photographs: tuple[TrainingImage, ...]
) -> None:
    device = open_device(gpu=False)
    chain = replace(CHAINS["yolov3"], sizes_px=(160, 192, 224))
    source = BatchSource(images=photographs, chain=chain, batch=8, seed=0)
    network, steps = _network(0.125), 60
    start = TrainingState(weights=drawn_weights(network_shapes(network)), velocities={})
    run = _run(
        source,
        steps,
        lambda state: Step(network, state, Objective(num_classes=CLASSES)),
        start,
    )
    work = Work(
        trial=_trial(0.125),
        chain=chain,
        batch=source.batch,
        images=photographs,
        is_evaluated=False,
    )
    ends_s: list[float] = []
    planned_s: list[float] = []

    def measure() -> None:
        ends_s.clear()
        planned_s.clear()
        for _ in range(2):  # before and after: what else the machine does may change
            cost = time_training(work, device, workers=loader_workers(device))
            assert cost.step_s is not None
            planned_s.append(cost.step_s)
            if not ends_s:
                train(run, tmp_path, watch=lambda _: ends_s.append(time.monotonic()))

    benchmark.pedantic(measure, rounds=1)

    real_s = float(np.mean(np.diff(ends_s)[10:]))  # the first ones prepare
    figures = {
        "planned / real": float(np.mean(planned_s)) / real_s,
        "planned before / after": planned_s[0] / planned_s[1],
        "real, ms of a step": real_s * 1000,
    }
    benchmark.extra_info.update(figures)
    tell("plan of mobilenet_v1 x 0.125, 8 images", figures)
    assert len(ends_s) == steps
