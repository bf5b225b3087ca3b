import math
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import TrainingFailed
from harness.model.networks.shapes import network_shapes
from harness.train import trainer, yolov3
from harness.train.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from harness.train.initial import initial_weights
from harness.train.trainer import cosine_rate, train
from harness.train.yolov3 import YoloV3Task, network_of


@pytest.fixture(autouse=True)
def drawn_here(monkeypatch):
    """Draw batches in this process: a second one takes longer than the training."""

    def drawn_here(draw, first, last, recipe):
        asked = {
            "seed": recipe.seed,
            "batch": recipe.batch,
            "sizes_px": recipe.sizes_px,
        }
        return (draw(step, **asked) for step in range(first, last))

    monkeypatch.setattr(yolov3, "drawn_ahead", drawn_here)


@pytest.fixture
def initial(recipe):
    return initial_weights(network_shapes(network_of(recipe)), num_classes=5, seed=2)


def run(recipe, initial, path, report=lambda progress: None):
    return train(
        YoloV3Task(recipe=recipe), initial, checkpoint_path=path, report=report
    )


class Stopped(Exception):
    """What ends a process in the middle of a run."""


def run_until(step, recipe, initial, path):
    """Train with a checkpoint after every step, and die after ``step`` of them."""

    def report(progress):
        if progress.step == step + 1:
            raise Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "CHECKPOINT_EVERY", 1)
        patch.setattr(trainer, "REPORT_EVERY", 1)
        with pytest.raises(Stopped):
            run(recipe, initial, path, report)


def largest_difference(one, other):
    assert one.keys() == other.keys()
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)


def test_six_steps_change_every_variable_and_stay_finite(recipe, initial, tmp_path):
    losses = []

    weights = run(
        recipe, initial, tmp_path / "run.npz", lambda one: losses.append(one.loss)
    )

    assert len(losses) == 1
    assert math.isfinite(losses[0])
    assert weights.keys() == initial.keys()
    for name, value in weights.items():
        assert np.isfinite(value).all(), name
        assert not np.array_equal(value, initial[name]), name


def test_the_same_run_twice_is_the_same_run(recipe, initial, tmp_path):
    first = run(recipe, initial, tmp_path / "1.npz")
    second = run(recipe, initial, tmp_path / "2.npz")

    assert largest_difference(first, second) < 1e-6


def test_a_run_that_was_stopped_ends_as_one_that_was_not(recipe, initial, tmp_path):
    whole = run(recipe, initial, tmp_path / "whole.npz")

    run_until(3, recipe, initial, tmp_path / "resumed.npz")
    assert read_checkpoint(tmp_path / "resumed.npz").step == 3
    resumed = run(recipe, initial, tmp_path / "resumed.npz")

    assert largest_difference(whole, resumed) < 1e-6


def test_the_optimisers_state_is_what_makes_it_so(recipe, initial, tmp_path):
    whole = run(recipe, initial, tmp_path / "whole.npz")
    path = tmp_path / "resumed.npz"
    run_until(3, recipe, initial, path)
    write_checkpoint(path, replace(read_checkpoint(path), optimiser={}))

    forgetful = run(recipe, initial, path)

    assert largest_difference(whole, forgetful) > 1e-4


def test_the_state_has_the_same_names_whatever_ran_before(recipe, initial, tmp_path):
    names = []
    for place in range(2):
        path = tmp_path / f"{place}.npz"
        run(replace(recipe, steps=1), initial, path)
        names.append(set(read_checkpoint(path).optimiser))

    assert names[0] == names[1]
    assert len(names[0]) == 147 * 4  # two moments and two powers per trained variable


def test_a_finished_run_is_not_run_again(recipe, initial, tmp_path):
    path = tmp_path / "run.npz"
    write_checkpoint(path, Checkpoint(step=6, weights=initial, optimiser={}))

    weights = run(recipe, initial, path, report=pytest.fail)

    assert largest_difference(weights, initial) == 0


def test_progress_says_where_the_run_stands(monkeypatch, recipe, initial, tmp_path):
    monkeypatch.setattr(trainer, "REPORT_EVERY", 4)
    told = []

    run(recipe, initial, tmp_path / "run.npz", told.append)

    assert [(one.step, one.steps) for one in told] == [(4, 6), (6, 6)]
    assert told[-1].left_s == 0
    assert told[0].left_s > 0
    assert all(one.images_per_s > 0 for one in told)
    assert told[0].rate == cosine_rate(3, steps=6, peak_rate=1e-3, warmup_steps=2)


def test_a_report_has_the_mean_loss_since_the_last_one(
    monkeypatch, recipe, initial, tmp_path
):
    told = {}
    for every in (1, 2):
        monkeypatch.setattr(trainer, "REPORT_EVERY", every)
        told[every] = []
        path = tmp_path / f"{every}.npz"
        run(recipe, initial, path, lambda one, to=told[every]: to.append(one.loss))

    steps = np.reshape(told[1], (3, 2))
    assert told[2] == pytest.approx(steps.mean(axis=1).tolist(), rel=1e-5)


def test_speed_and_time_left_are_measured_from_this_processs_own_start(
    monkeypatch, recipe, initial, tmp_path
):
    path = tmp_path / "run.npz"
    write_checkpoint(path, Checkpoint(step=2, weights=initial, optimiser={}))
    clock_s = iter((100.0, 106.0, 110.0))
    monkeypatch.setattr(trainer.time, "monotonic", lambda: next(clock_s))
    monkeypatch.setattr(trainer, "REPORT_EVERY", 4)
    told = []

    run(replace(recipe, steps=7), initial, path, told.append)

    # 2 steps of 2 images in 6 s, 3 to come; then 5 steps in 10 s
    assert [(one.step, one.images_per_s, one.left_s) for one in told] == [
        (4, pytest.approx(2 / 3), pytest.approx(9)),
        (7, pytest.approx(1), 0),
    ]


def test_a_checkpoint_is_written_every_so_many_steps_and_at_the_end(
    monkeypatch, recipe, initial, tmp_path
):
    written = []
    monkeypatch.setattr(trainer, "CHECKPOINT_EVERY", 4)
    monkeypatch.setattr(
        trainer, "write_checkpoint", lambda path, state: written.append(state.step)
    )

    run(recipe, initial, tmp_path / "run.npz")

    assert written == [4, 6]


@pytest.mark.parametrize("changed", [{"clip_norm": 0.1}, {"bn_momentum": 0.5}])
def test_what_a_recipe_says_of_gradients_and_statistics_counts(
    recipe, initial, tmp_path, changed
):
    first = run(replace(recipe, steps=3), initial, tmp_path / "1.npz")
    other = run(replace(recipe, steps=3, **changed), initial, tmp_path / "2.npz")

    assert largest_difference(first, other) > 1e-5


def test_a_loss_that_is_not_a_number_ends_the_run(recipe, initial, tmp_path):
    name = "yolo_output.0.conv.bias"
    broken = {**initial, name: initial[name] * np.nan}

    with pytest.raises(
        TrainingFailed, match=r"^step 0: loss; expected a finite number, got nan$"
    ):
        run(recipe, broken, tmp_path / "run.npz")
    assert not (tmp_path / "run.npz").exists()


def test_the_checkpoint_of_another_network_is_refused(recipe, initial, tmp_path):
    path = tmp_path / "run.npz"
    write_checkpoint(path, Checkpoint(step=2, weights=initial, optimiser={}))

    with pytest.raises(
        TrainingFailed,
        match=r"run.npz: yolo_block.0.0.0.conv.weights: shape; "
        r"expected \(32, 128, 1, 1\), got \(64, 128, 1, 1\); "
        "delete the file to start this stage anew$",
    ):
        run(replace(recipe, pruning="prune_r578"), initial, path)


def test_a_checkpoint_without_a_variable_is_refused(recipe, initial, tmp_path):
    path = tmp_path / "run.npz"
    fewer = {name: one for name, one in initial.items() if name != "conv1_weights"}
    write_checkpoint(path, Checkpoint(step=2, weights=fewer, optimiser={}))

    with pytest.raises(
        TrainingFailed, match=r"run.npz: conv1_weights: shape; expected .* got nothing"
    ):
        run(recipe, initial, path)


def test_the_first_step_moves_weights_by_the_rate_of_the_schedule(
    recipe, initial, tmp_path
):
    one_step = replace(recipe, steps=1, warmup_steps=4)

    weights = run(one_step, initial, tmp_path / "run.npz")

    # Adam's first step is its rate times the sign of the gradient.
    name = "yolo_output.0.conv.bias"
    assert np.abs(weights[name] - initial[name]).max() == pytest.approx(
        1e-3 / 4, rel=0.01
    )
