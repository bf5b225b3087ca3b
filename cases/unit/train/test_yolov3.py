import math
from dataclasses import replace

import numpy as np
import pytest

from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX
from harness.model.paddle_run.runtime import import_paddle
from harness.train.scene_batches import draw_batch
from harness.train.yolov3 import network_of, yolov3_loss


def test_a_pruned_plan_is_trained_in_its_own_shapes(recipe):
    network = network_of(replace(recipe, pruning="prune_r578"))

    assert network.head_channels["yolo_block.0.0.0"] == 32


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
