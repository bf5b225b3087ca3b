import math
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import TrainingFailed
from harness.model.plan import plan_network
from harness.model.runtime import import_paddle
from harness.model.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX
from harness.train import yolov3
from harness.train.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from harness.train.initial import initial_weights
from harness.train.scene_batches import draw_batch
from harness.train.schedule import cosine_rate
from harness.train.yolov3 import network_of, train, yolov3_loss


@pytest.fixture(autouse=True)
def drawn_here(monkeypatch):
    """Draw batches in this process: a second one takes longer than the training."""

    def batches(first, last, **asked):
        return (draw_batch(step, **asked) for step in range(first, last))

    monkeypatch.setattr(yolov3, "batches", batches)


@pytest.fixture
def initial(recipe):
    return initial_weights(plan_network(network_of(recipe)), num_classes=5, seed=2)


def run(recipe, initial, path, report=lambda progress: None):
    return train(recipe, initial, checkpoint_path=path, report=report)


class Stopped(Exception):
    """What ends a process in the middle of a run."""


def run_until(step, recipe, initial, path):
    """Train with a checkpoint after every step, and die after ``step`` of them."""

    def report(progress):
        if progress.step == step + 1:
            raise Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yolov3, "CHECKPOINT_EVERY", 1)
        patch.setattr(yolov3, "REPORT_EVERY", 1)
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
    monkeypatch.setattr(yolov3, "REPORT_EVERY", 4)
    told = []

    run(recipe, initial, tmp_path / "run.npz", told.append)

    assert [(one.step, one.steps) for one in told] == [(4, 6), (6, 6)]
    assert told[-1].left_s == 0
    assert told[0].left_s > 0
    assert all(one.images_per_s > 0 for one in told)
    assert told[0].rate == cosine_rate(3, steps=6, peak_rate=1e-3, warmup_steps=2)


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
        run(replace(recipe, plan="prune_r578"), initial, path)


def test_a_checkpoint_without_a_variable_is_refused(recipe, initial, tmp_path):
    path = tmp_path / "run.npz"
    fewer = {name: one for name, one in initial.items() if name != "conv1_weights"}
    write_checkpoint(path, Checkpoint(step=2, weights=fewer, optimiser={}))

    with pytest.raises(
        TrainingFailed, match=r"run.npz: conv1_weights: shape; expected .* got nothing"
    ):
        run(recipe, initial, path)


def test_a_pruned_plan_is_trained_in_its_own_shapes(recipe):
    network = network_of(replace(recipe, plan="prune_r578"))

    assert network.head_channels["yolo_block.0.0.0"] == 32


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


def heads_for(batch, seed=8):
    """Random outputs for a batch; at each level one anchor guesses a truth rightly."""
    rng = np.random.default_rng(seed)
    count, input_px = batch.images_rgb.shape[:2]
    heads = []
    for stride_px, mask in zip(STRIDES_PX, ANCHOR_MASKS, strict=True):
        grid = input_px // stride_px
        head = rng.standard_normal((count, 3, 10, grid, grid))
        for place in range(count):
            x, y, width, height = batch.boxes_cxcywh[place, 0].astype(float)
            row, column = int(y * grid), int(x * grid)
            anchor = ANCHORS_PX[mask[1]]
            head[place, 1, :4, row, column] = (
                logit(x * grid - column),
                logit(y * grid - row),
                math.log(width * input_px / anchor[0]),
                math.log(height * input_px / anchor[1]),
            )
        heads.append(head.reshape(count, 30, grid, grid).astype(np.float32))
    return tuple(heads)


def overlap(a, b):
    """IoU of two boxes given as centre and size."""
    sides = [
        min(a[axis] + a[axis + 2] / 2, b[axis] + b[axis + 2] / 2)
        - max(a[axis] - a[axis + 2] / 2, b[axis] - b[axis + 2] / 2)
        for axis in (0, 1)
    ]
    if min(sides) <= 0:
        return 0.0
    shared = sides[0] * sides[1]
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def logit(share):
    share = min(max(share, 0.01), 0.99)
    return math.log(share / (1 - share))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def cross_entropy(x, target):
    return max(x, 0) - x * target + math.log1p(math.exp(-abs(x)))


def best_anchor(box, input_px):
    shapes = [
        (0, 0, width / input_px, height / input_px) for width, height in ANCHORS_PX
    ]
    overlaps = [overlap((0, 0, box[2], box[3]), shape) for shape in shapes]
    return overlaps.index(max(overlaps))


def level_loss(head, truths, mask, stride_px, ignore_threshold):
    """The loss of zoo-spec 5.1 for one image at one level, one cell at a time."""
    grid = head.shape[1]
    input_px = grid * stride_px
    cells = head.astype(np.float64).reshape(3, 10, grid, grid)
    positive, loss = set(), 0.0
    for box, kind in truths:
        anchor = best_anchor(box, input_px)
        if anchor not in mask:
            continue
        column, row = int(box[0] * grid), int(box[1] * grid)
        place = (mask.index(anchor), row, column)
        positive.add(place)
        tx, ty, tw, th, _, *classes = cells[place[0], :, row, column]
        width, height = ANCHORS_PX[anchor]
        loss += (2 - box[2] * box[3]) * (
            cross_entropy(tx, box[0] * grid - column)
            + cross_entropy(ty, box[1] * grid - row)
            + abs(tw - math.log(box[2] * input_px / width))
            + abs(th - math.log(box[3] * input_px / height))
        )
        loss += sum(cross_entropy(one, n == kind) for n, one in enumerate(classes))
    for a in range(3):
        width, height = ANCHORS_PX[mask[a]]
        for row in range(grid):
            for column in range(grid):
                tx, ty, tw, th, objectness = cells[a, :5, row, column]
                guess = (
                    (column + sigmoid(tx)) / grid,
                    (row + sigmoid(ty)) / grid,
                    math.exp(tw) * width / input_px,
                    math.exp(th) * height / input_px,
                )
                if (a, row, column) in positive:
                    loss += cross_entropy(objectness, 1)
                elif all(overlap(guess, box) <= ignore_threshold for box, _ in truths):
                    loss += cross_entropy(objectness, 0)
    return loss


def slow_loss(heads, batch, ignore_threshold):
    total = 0.0
    for place in range(len(batch.images_rgb)):
        truths = [
            (box, kind)
            for box, kind in zip(
                batch.boxes_cxcywh[place].tolist(), batch.classes[place], strict=True
            )
            if min(box[2:]) > 1e-6
        ]
        for head, mask, stride_px in zip(heads, ANCHOR_MASKS, STRIDES_PX, strict=True):
            total += level_loss(head[place], truths, mask, stride_px, ignore_threshold)
    return total / len(batch.images_rgb)


@pytest.mark.parametrize("step", range(3))
def test_the_loss_is_its_definition_one_cell_at_a_time(step):
    paddle = import_paddle()
    batch = draw_batch(step, seed=1, batch=2, sizes_px=(128,))
    heads = heads_for(batch)

    loss = float(
        yolov3_loss(tuple(paddle.to_tensor(one) for one in heads), batch, num_classes=5)
    )

    assert loss == pytest.approx(slow_loss(heads, batch, 0.7), rel=1e-5)
    assert loss != pytest.approx(slow_loss(heads, batch, 1.0), rel=1e-5)  # some ignored
