"""Steps of a training on random numbers, in a process of their own."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.errors import LimitReached, TrainingFailed
from harness.process.limited_child import ChildCrashed
from harness.train import trial as trial_module
from harness.train import trial_child
from harness.train.step import StepDone
from harness.train.trial import (
    Trial,
    TrialAnswer,
    TrialQuestion,
    TrialRun,
    open_trial,
    random_batch,
    trial_service,
)
from harness.train.trial_child import trial_process
from testing.tiny_recipes import TAUGHT as TAUGHT_RECIPE
from testing.tiny_recipes import TINY

PLAIN = Trial(recipe=TINY)
TAUGHT = Trial(recipe=TAUGHT_RECIPE, teacher=TINY)
RUN = TrialRun(input_px=64, batch=1, steps=1)


def test_the_losses_of_a_trial_are_those_of_the_recipe_and_finite() -> None:
    batch = random_batch(RUN, num_classes=3)

    plain = open_trial(PLAIN).run(batch, 1e-9)
    taught = open_trial(TAUGHT).run(batch, 1e-9)

    assert set(plain.losses) < set(taught.losses)
    assert np.isfinite([*plain.losses.values(), *taught.losses.values()]).all()


def test_faces_are_tried_too() -> None:
    faces = replace(TINY.network, architecture="blazeface", backbone="lite", width=1.0)
    recipe = replace(TINY, network=replace(faces, num_classes=2))

    done = open_trial(Trial(recipe=recipe)).run(random_batch(RUN, num_classes=2), 1e-9)

    assert np.isfinite(done.loss)


def test_a_batch_has_as_many_truths_as_images_have_and_the_rest_is_padding() -> None:
    batch = random_batch(TrialRun(input_px=64, batch=3, steps=1), num_classes=3)

    assert batch.images.shape == (3, 3, 64, 64)
    assert batch.images.dtype == batch.scores.dtype == np.float32
    assert (batch.scores == [[1.0] * 7 + [0.0] * 43] * 3).all()
    assert ((batch.boxes_cxcywh[..., 2:] > 0).all(-1) == (batch.scores > 0)).all()
    assert batch.classes.max() < 3


def test_a_process_answers_for_each_run_and_goes_on_from_it() -> None:
    with trial_process(TAUGHT, gpu=False, memory_bytes=None) as process:
        first = process.run([RUN, replace(RUN, input_px=96, steps=2)])
        second = process.run([replace(RUN, batch=2)])

    times_s = [one.step_s for one in (*first.done, *second.done)]
    assert len(times_s) == 3
    assert min(times_s) > 0
    assert (first.gpu_bytes, second.gpu_bytes) == (None, None)


def test_a_process_that_takes_too_much_memory_is_ended() -> None:
    with (
        trial_process(TAUGHT, gpu=False, memory_bytes=1 << 20) as process,
        pytest.raises(LimitReached, match=r"memory of the child process; .* 1 MB, got"),
    ):
        process.run([RUN])


def test_a_crash_is_a_refusal_that_names_the_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Crashing:
        def __init__(self, *_: Any, **__: Any) -> None:
            self.closed = 0

        def ask(self, *_: Any, **__: Any) -> bytes:
            raise ChildCrashed("SIGSEGV")

        def close(self) -> None:
            self.closed += 1

    monkeypatch.setattr(trial_child, "LimitedChild", Crashing)
    with (
        trial_process(TAUGHT, gpu=False, memory_bytes=None) as process,
        pytest.raises(TrainingFailed, match=r"crashed its process; .*, got SIGSEGV; a"),
    ):
        process.run([RUN])

    assert process._child.closed == 1


def test_the_time_of_a_run_is_the_mean_of_its_later_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Sleeping:
        def run(self, *_: object) -> StepDone:
            return StepDone(losses={})

    # four steps: they end 5, 8, 9 and 11 s after the first began
    clock = iter([0.0, 5.0, 8.0, 9.0, 11.0])
    monkeypatch.setattr(trial_module, "open_trial", lambda _trial: Sleeping())
    monkeypatch.setattr(trial_module.time, "perf_counter", lambda: next(clock))
    question = TrialQuestion(trial=PLAIN, gpu=False, runs=(replace(RUN, steps=4),))

    content = trial_service()(memoryview(msgspec.json.encode(question)))

    (done,) = msgspec.json.decode(content, type=TrialAnswer).done
    assert done.step_s == pytest.approx(1.5)


def test_of_a_gpu_its_own_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sleeping:
        def run(self, *_: object) -> StepDone:
            return StepDone(losses={})

    cuda = SimpleNamespace(
        max_memory_allocated=lambda: 7,
        get_device_properties=lambda: SimpleNamespace(total_memory=11),
    )
    paddle = SimpleNamespace(device=SimpleNamespace(cuda=cuda))
    opened: list[bool] = []
    monkeypatch.setattr(trial_module, "import_paddle", lambda: paddle)
    monkeypatch.setattr(trial_module, "open_device", lambda *, gpu: opened.append(gpu))
    monkeypatch.setattr(trial_module, "open_trial", lambda _trial: Sleeping())
    question = TrialQuestion(trial=PLAIN, gpu=True, runs=(RUN, RUN))

    service = trial_service()
    for _ in range(2):
        content = service(memoryview(msgspec.json.encode(question)))

    answer = msgspec.json.decode(content, type=TrialAnswer)
    assert [one.peak_bytes for one in answer.done] == [7, 7]
    assert answer.gpu_bytes == 11
    assert opened == [True]  # once
