import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX
from harness.model.paddle_run.loss_tensors import LossTensors
from harness.model.paddle_run.runtime import import_paddle
from harness.train.yolo_losses import fine_grained_losses, ordinary_losses
from testing.slow_losses import SlowLossOps, slow_gradients
from testing.training import random_heads, training_batch

WITHIN = 1e-5  # of values, relatively, and of gradients, of their largest
NUM_CLASSES = 3


@pytest.fixture
def paddle():
    return import_paddle()


def on_paddle(paddle, losses_of, heads):
    """The loss, its parts and the gradients of the heads, on Paddle."""
    tensors = [paddle.to_tensor(head, stop_gradient=False) for head in heads]
    losses = losses_of(LossTensors(), tensors)
    total = sum(losses.values())
    total.backward()
    parts = {name: float(loss) for name, loss in losses.items()}
    return float(total), parts, [tensor.grad.numpy() for tensor in tensors]


def by_kernel(paddle, heads, batch, *, label_smooth, scores=True):
    """The same of Paddle's own loss, which runs on the CPU alone."""
    tensors = [paddle.to_tensor(head, stop_gradient=False) for head in heads]
    total = sum(
        paddle.vision.ops.yolo_loss(
            tensor,
            paddle.to_tensor(batch.boxes_cxcywh),
            paddle.to_tensor(batch.classes),
            anchors=list(itertools.chain(*ANCHORS_PX)),
            anchor_mask=list(mask),
            class_num=NUM_CLASSES,
            ignore_thresh=0.7,
            downsample_ratio=stride_px,
            gt_score=paddle.to_tensor(batch.scores) if scores else None,
            use_label_smooth=label_smooth,
        ).mean()
        for tensor, mask, stride_px in zip(
            tensors, ANCHOR_MASKS, STRIDES_PX, strict=True
        )
    )
    total.backward()
    return float(total), [tensor.grad.numpy() for tensor in tensors]


def ordinary(batch, label_smooth=False):
    return lambda ops, heads: ordinary_losses(
        ops, heads, batch, num_classes=NUM_CLASSES, label_smooth=label_smooth
    )


def fine_grained(batch):
    return lambda ops, heads: fine_grained_losses(
        ops, heads, batch, num_classes=NUM_CLASSES
    )


def furthest(gradients, expected):
    """The largest difference of gradients, as a share of the largest of them."""
    scale = max(np.abs(one).max() for one in expected)
    return max(
        float(np.abs(one - other).max()) / scale
        for one, other in zip(gradients, expected, strict=True)
    )


@pytest.mark.parametrize("label_smooth", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_ordinary_loss_is_that_of_paddles_kernel(paddle, seed, label_smooth):
    batch = training_batch(seed=seed, input_px=96)
    heads = random_heads(batch, seed=seed)

    loss, _, gradients = on_paddle(paddle, ordinary(batch, label_smooth), heads)

    expected, slopes = by_kernel(paddle, heads, batch, label_smooth=label_smooth)
    assert loss == pytest.approx(expected, rel=WITHIN)
    assert furthest(gradients, slopes) < WITHIN


def test_smoothing_swapped_and_scores_ignored_are_other_losses(paddle):
    batch = training_batch(seed=1, input_px=96)
    heads = random_heads(batch, seed=1)
    loss, _, gradients = on_paddle(paddle, ordinary(batch), heads)

    for mistake in ({"label_smooth": True}, {"label_smooth": False, "scores": False}):
        wrong, slopes = by_kernel(paddle, heads, batch, **mistake)
        assert abs(loss / wrong - 1) > 3 * WITHIN
        assert furthest(gradients, slopes) > 100 * WITHIN


def test_a_truth_of_score_0_makes_its_cell_background(paddle):
    batch = training_batch(seed=3, input_px=96)
    scores = batch.scores.copy()
    scores[:, 2:4] = 0
    batch = replace(batch, scores=scores)
    heads = random_heads(batch, seed=3)

    loss, _, gradients = on_paddle(paddle, ordinary(batch), heads)

    expected, slopes = by_kernel(paddle, heads, batch, label_smooth=False)
    assert loss == pytest.approx(expected, rel=WITHIN)
    assert furthest(gradients, slopes) < WITHIN


@pytest.mark.parametrize("kind", ["ordinary", "fine_grained"])
def test_a_batch_without_truths_has_objectness_alone(paddle, kind):
    batch = training_batch(truths=4)
    batch = replace(batch, boxes_cxcywh=np.zeros_like(batch.boxes_cxcywh))
    losses_of = ordinary(batch) if kind == "ordinary" else fine_grained(batch)
    heads = random_heads(batch)

    loss, parts, _ = on_paddle(paddle, losses_of, heads)

    assert (parts["xy"], parts["wh"], parts["classes"]) == (0, 0, 0)
    objectness = [head.reshape(2, 3, 8, -1)[:, :, 4] for head in heads]
    expected = sum(float(np.log1p(np.exp(one)).sum()) for one in objectness) / 2
    assert loss == parts["objectness"] == pytest.approx(expected, rel=WITHIN)


@pytest.mark.parametrize("kind", ["ordinary", "smoothed", "fine_grained"])
def test_value_and_gradient_are_those_of_slow_numpy(paddle, kind):
    batch = training_batch(seed=5, input_px=32, count=1)
    losses_of = {
        "ordinary": ordinary(batch),
        "smoothed": ordinary(batch, label_smooth=True),
        "fine_grained": fine_grained(batch),
    }[kind]
    heads = random_heads(batch, seed=5)

    loss, _, gradients = on_paddle(paddle, losses_of, heads)

    held = []

    def value_of(arrays):
        return sum(losses_of(SlowLossOps(held), arrays).values())

    exact = [head.astype(np.float64) for head in heads]
    assert loss == pytest.approx(value_of(exact), rel=WITHIN)
    assert furthest(gradients, slow_gradients(value_of, exact)) < WITHIN


# A literal oracle of the fine-grained loss: one truth, one cell, one class at a time.


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def cross_entropy(x, target):
    return max(x, 0) - x * target + math.log1p(math.exp(-abs(x)))


def overlap(a, b):
    """IoU of two boxes given as centre and size."""
    shared = 1.0
    for axis in (0, 1):
        far = min(a[axis] + a[axis + 2] / 2, b[axis] + b[axis + 2] / 2)
        near = max(a[axis] - a[axis + 2] / 2, b[axis] - b[axis + 2] / 2)
        shared *= max(far - near, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def literal_targets(truths, mask, grid, input_px):
    """``[3, 6 + C, H, W]`` of one image at one level (zoo-spec 4.4)."""
    target = np.zeros((3, 6 + NUM_CLASSES, grid, grid))
    for (x, y, width, height), kind, score in truths:
        if width <= 0 or height <= 0 or score <= 0:
            continue
        best, largest = -1, 0.0
        for place, (across, down) in enumerate(ANCHORS_PX):
            shape = (0, 0, across / input_px, down / input_px)
            if overlap((0, 0, width, height), shape) > largest:
                largest = overlap((0, 0, width, height), shape)
                best = place
        if best not in mask:
            continue
        cell = target[mask.index(best), :, int(y * grid), int(x * grid)]
        cell[0] = x * grid - int(x * grid)
        cell[1] = y * grid - int(y * grid)
        cell[2] = math.log(width * input_px / ANCHORS_PX[best][0])
        cell[3] = math.log(height * input_px / ANCHORS_PX[best][1])
        cell[4] = 2 - width * height
        cell[5] = score
        cell[6 + kind] = 1
    return target


def literal_level(head, truths, mask, stride_px, ignore_threshold):
    grid = head.shape[-1]
    input_px = grid * stride_px
    cells = head.astype(np.float64).reshape(3, 5 + NUM_CLASSES, grid, grid)
    target = literal_targets(truths, mask, grid, input_px)
    loss = 0.0
    for anchor, row, column in itertools.product(range(3), range(grid), range(grid)):
        told = cells[anchor, :, row, column]
        x, y, width, height, scale, score, *kinds = target[anchor, :, row, column]
        loss += cross_entropy(told[0], x) * scale * score
        loss += cross_entropy(told[1], y) * scale * score
        loss += abs(told[2] - width) * scale * score
        loss += abs(told[3] - height) * scale * score
        loss += sum(
            cross_entropy(one, kind) * score
            for one, kind in zip(told[5:], kinds, strict=True)
        )
        box = (
            (column + sigmoid(told[0])) / grid,
            (row + sigmoid(told[1])) / grid,
            math.exp(told[2]) * ANCHORS_PX[mask[anchor]][0] / input_px,
            math.exp(told[3]) * ANCHORS_PX[mask[anchor]][1] / input_px,
        )
        if score > 0:
            loss += cross_entropy(told[4], 1) * score
        elif max(overlap(box, truth) for truth, _, _ in truths) <= ignore_threshold:
            loss += cross_entropy(told[4], 0)
    return loss


def literal_fine_grained(heads, batch, ignore_threshold=0.7):
    total = 0.0
    for image in range(len(batch.images)):
        truths = list(
            zip(
                batch.boxes_cxcywh[image].astype(float).tolist(),
                batch.classes[image].tolist(),
                batch.scores[image].astype(float).tolist(),
                strict=True,
            )
        )
        for head, mask, stride_px in zip(heads, ANCHOR_MASKS, STRIDES_PX, strict=True):
            total += literal_level(
                head[image], truths, mask, stride_px, ignore_threshold
            )
    return total / len(batch.images)


@pytest.mark.parametrize("seed", range(4))
def test_the_fine_grained_loss_is_its_definition_one_cell_at_a_time(paddle, seed):
    batch = training_batch(seed=seed, input_px=96)
    scores = batch.scores.copy()
    scores[0, 3] = 0  # a truth that is only in the way
    batch = replace(batch, scores=scores)
    heads = random_heads(batch, seed=seed)

    loss, _, _ = on_paddle(paddle, fine_grained(batch), heads)

    assert loss == pytest.approx(literal_fine_grained(heads, batch), rel=WITHIN)
    unignored = literal_fine_grained(heads, batch, ignore_threshold=1)
    assert loss != pytest.approx(unignored, rel=10 * WITHIN)  # some were


def test_the_two_losses_differ_where_two_truths_share_a_cell(paddle):
    batch = training_batch(seed=2, input_px=96, padding=1)
    boxes = batch.boxes_cxcywh.copy()
    boxes[:, :2] = 0  # padding may be anywhere
    apart = replace(batch, boxes_cxcywh=boxes)
    heads = random_heads(batch, seed=2)

    def difference(batch):
        first, _, _ = on_paddle(paddle, ordinary(batch), heads)
        second, _, _ = on_paddle(paddle, fine_grained(batch), heads)
        return abs(first / second - 1)

    assert difference(batch) > 100 * WITHIN
    assert difference(apart) < WITHIN


def test_the_ignored_are_those_above_the_threshold(paddle):
    """One truth and one cell that guesses it: the guess's overlap says what counts."""
    boxes = np.zeros((1, 1, 4), np.float32)
    boxes[0, 0] = (0.5, 0.5, 64 / 64, 48 / 64)
    batch = replace(
        training_batch(count=1, truths=2, padding=0),
        boxes_cxcywh=boxes,
        classes=np.zeros((1, 1), np.int32),
        scores=np.ones((1, 1), np.float32),
    )

    def objectness_slope(share):
        """Of a cell that predicts the truth, but with a share of its width."""
        heads = [np.full((1, 24, side, side), -9, np.float32) for side in (2, 4, 8)]
        cell = heads[2].reshape(1, 3, 8, 8, 8)[0, 2, :, 4, 4]  # anchor 33 x 23
        # its centre 0.005 of a cell off the truth's: the overlap is nearly the share
        cell[:4] = (-5, -5, math.log(64 * share / 33), math.log(48 / 23))
        _, _, gradients = on_paddle(paddle, ordinary(batch), heads)
        return float(gradients[2].reshape(1, 3, 8, 8, 8)[0, 2, 4, 4, 4])

    assert objectness_slope(0.71) == 0
    assert objectness_slope(0.69) == pytest.approx(sigmoid(-9), rel=1e-3)
