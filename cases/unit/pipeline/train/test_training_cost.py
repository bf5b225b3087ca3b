"""A training timed on this machine, by tiny networks; no time is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.dataset.coco_training import open_coco_training
from harness.dataset.drawn.coco_scenes import write_coco_training_scenes
from harness.errors import LimitReached
from harness.model.paddle_run.device import Device, open_device
from harness.pipeline.train import training_cost
from harness.pipeline.train.training_cost import (
    StepMemory,
    Work,
    mean_by_area,
    step_seconds,
    time_training,
)
from harness.process.limited_child import MEMORY
from harness.train.chain.chains import CHAINS
from harness.train.trial import Trial, TrialAnswer, TrialDone, TrialRun
from testing.tiny_recipes import TAUGHT, TINY, with_sizes

CPU = Device(kind="cpu", model="a processor", threads=4)
GPU = replace(CPU, kind="gpu", model="a card")


def work_of(*sizes_px: int, **changes: Any) -> Work:
    work = Work(
        trial=Trial(recipe=with_sizes(TINY, *sizes_px)),
        chain=replace(CHAINS["yolov3"], sizes_px=sizes_px),
        batch=4,
        images=(),
    )
    return replace(work, **changes)


def test_a_taught_network_is_timed_without_data_or_weights() -> None:
    trial = Trial(recipe=TAUGHT, teacher=TINY)
    device = open_device(gpu=False)

    cost = time_training(work_of(64, 96, trial=trial), device, workers=1)

    assert cost.network_s is not None
    assert cost.step_s is not None
    assert cost.forward_s is not None
    assert cost.step_s >= cost.network_s > 0
    assert cost.chain_s > 0
    assert cost.forward_s > 0
    assert cost.memory_bytes is not None
    assert cost.machine_bytes is not None
    assert 10**8 < cost.memory_bytes < cost.machine_bytes
    assert cost.largest_batch is not None
    assert cost.largest_batch > 4


def test_a_recipe_of_one_size_is_timed_too_and_images_that_are_there_are_read(
    tmp_path: Path,
) -> None:
    write_coco_training_scenes(tmp_path, seed=1, count=3)
    images = open_coco_training(tmp_path).images
    work = work_of(64, images=images, is_evaluated=False)

    cost = time_training(work, open_device(gpu=False), workers=0)

    assert cost.forward_s is None
    assert cost.network_s is not None
    assert cost.step_s == pytest.approx(cost.network_s + cost.chain_s)
    assert cost.memory_bytes is not None


class Process:
    """A trial whose steps take 10 ms an image and 64 px squared, on 1 GB of 20."""

    def __init__(self, gpu_bytes: int | None = None, *, tells_memory: bool = True):
        self.asked: list[TrialRun] = []
        self.gpu_bytes = gpu_bytes
        self.tells_memory = tells_memory

    def run(self, runs: Sequence[TrialRun]) -> TrialAnswer:
        self.asked += runs
        done = []
        for one in runs:
            areas = one.batch * (one.input_px / 64) ** 2
            peak = int(1e9 + areas * 1e8) if self.tells_memory else None
            done.append(TrialDone(step_s=0.01 * areas, peak_bytes=peak))
        return TrialAnswer(done=tuple(done), gpu_bytes=self.gpu_bytes)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a given process stand in for the trial's; a machine has 20 GB."""

    def start(process: Any) -> None:
        @contextmanager
        def trial_process(*_: Any, **__: Any) -> Iterator[Any]:
            yield process

        monkeypatch.setattr(training_cost, "trial_process", trial_process)

    monkeypatch.setattr(training_cost, "machine_memory_bytes", lambda: 20 * 10**9)
    monkeypatch.setattr(training_cost, "time_forward", lambda *_, **__: 0.5)
    monkeypatch.setattr(training_cost, "_time_chain", lambda _work: 0.04)
    return start


def test_on_a_cpu_one_image_is_timed_and_many_take_as_much_more(started: Any) -> None:
    process = Process()
    started(process)

    cost = time_training(work_of(64, 128, 192), CPU, workers=1)

    assert [(one.input_px, one.batch) for one in process.asked] == [(64, 1), (192, 1)]
    assert cost.network_s == pytest.approx(4 * 0.01 * (1 + 4 + 9) / 3)
    assert cost.step_s == pytest.approx(cost.network_s + 0.04 / 4)
    assert cost.memory_bytes == pytest.approx(1e9 + 4 * 9e8, rel=1e-6)
    assert (cost.machine_bytes, cost.largest_batch) == (20 * 10**9, 21)


def test_on_a_gpu_the_whole_batch_is_timed(started: Any) -> None:
    process = Process(gpu_bytes=80 * 10**9)
    started(process)

    cost = time_training(work_of(64, 192), GPU, workers=3)

    asked = [(one.input_px, one.batch) for one in process.asked]
    assert asked == [(64, 1), (192, 1), (64, 4), (192, 4)]
    assert cost.network_s == pytest.approx(4 * 0.01 * 5)
    assert cost.step_s == cost.network_s
    assert (cost.machine_bytes, cost.largest_batch) == (80 * 10**9, 87)


def test_of_a_batch_that_a_gpu_has_no_room_for_as_many_as_fit_are_timed(
    started: Any,
) -> None:
    process = Process(gpu_bytes=80 * 10**9)
    started(process)

    cost = time_training(work_of(192, batch=128), GPU, workers=3)

    asked = [(one.input_px, one.batch) for one in process.asked]
    assert asked == [(192, 1), (192, 2), (192, int(0.8 * 87))]
    assert cost.network_s == pytest.approx(128 * 0.09)


def test_of_one_size_two_images_tell_how_memory_grows(started: Any) -> None:
    started(Process())

    cost = time_training(work_of(64), CPU, workers=1)

    assert cost.memory_bytes == pytest.approx(1e9 + 4 * 1e8, rel=1e-6)
    assert cost.network_s == pytest.approx(4 * 0.01)


def test_memory_that_no_system_tells_is_not_known(started: Any) -> None:
    started(Process(tells_memory=False))

    cost = time_training(work_of(64, 96), CPU, workers=1)

    assert (cost.memory_bytes, cost.largest_batch) == (None, None)
    assert cost.network_s is not None


class Refusing:
    """A trial that is refused."""

    def __init__(self, what: str) -> None:
        self.what = what

    def run(self, _runs: object) -> None:
        raise LimitReached(self.what)


def test_a_step_that_does_not_fit_is_no_time_and_fits_no_batch(started: Any) -> None:
    started(Refusing(MEMORY))

    cost = time_training(work_of(64, 96), CPU, workers=1)

    assert (cost.network_s, cost.step_s, cost.forward_s) == (None, None, None)
    assert (cost.memory_bytes, cost.largest_batch) == (None, 0)
    assert cost.chain_s == 0.04


def test_a_trial_that_ends_for_another_reason_is_not_called_too_large(
    started: Any,
) -> None:
    started(Refusing("child process ended by itself"))

    with pytest.raises(LimitReached, match="ended by itself"):
        time_training(work_of(64, 96), CPU, workers=1)


@pytest.mark.parametrize(
    ("device", "network_s", "chain_s", "workers", "step_s"),
    [
        (CPU, 10.0, 4.0, 0, 14.0),  # one after the other
        (GPU, 10.0, 4.0, 0, 14.0),
        (CPU, 10.0, 4.0, 1, 11.0),  # a share of four threads
        (CPU, 1.0, 8.0, 1, 8.0),  # one worker is too slow
        (CPU, 1.0, 8.0, 2, 4.0),
        (GPU, 10.0, 4.0, 1, 10.0),  # beside the network
        (GPU, 1.0, 8.0, 2, 4.0),
        (GPU, 1.0, 8.0, 99, 2.0),  # no more than there are threads
    ],
)
def test_the_pace_is_set_by_what_is_slower(
    device: Device, network_s: float, chain_s: float, workers: int, step_s: float
) -> None:
    assert step_seconds(network_s, chain_s, device, workers=workers) == step_s


def test_times_between_two_sizes_lie_between_them_by_area() -> None:
    assert mean_by_area({10: 1.0, 30: 9.0}, (10, 20, 30)) == pytest.approx(14 / 3)
    assert mean_by_area({10: 2.5}, (10,)) == 2.5


def test_a_batch_fits_up_to_the_last_byte() -> None:
    memory = StepMemory(fixed_bytes=1000.0, px_bytes=2.0)

    assert memory.bytes_of(3, 10) == 1600
    assert memory.largest_batch(1600, 10) == 3
    assert memory.largest_batch(1599, 10) == 2
    assert memory.largest_batch(900, 10) == 0
