"""Builds small batches, heads and states of trainings."""

import numpy as np

from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX
from harness.values.training import Batch


def training_batch(
    *, seed=0, count=2, input_px=64, num_classes=3, truths=4, padding=2, scores=None
):
    """Random images; truths of the anchors' sizes, two in one cell, and padding."""
    rng = np.random.default_rng(seed)
    boxes = np.zeros((count, truths + padding, 4), np.float32)
    boxes[:, :truths, :2] = rng.uniform(0.05, 0.95, (count, truths, 2))
    anchors = np.asarray(ANCHORS_PX)[rng.integers(0, 9, (count, truths))]
    sides = anchors / input_px * rng.uniform(0.8, 1.25, (count, truths, 2))
    boxes[:, :truths, 2:] = np.minimum(sides, 0.9)
    boxes[:, 1] = boxes[:, 0]  # two truths tell of one cell
    boxes[:, 1, 2:] *= 1.02
    shape = boxes.shape[:2]
    drawn = rng.uniform(0.2, 1, shape).astype(np.float32)
    return Batch(
        images=rng.standard_normal((count, 3, input_px, input_px)).astype(np.float32),
        boxes_cxcywh=boxes,
        classes=rng.integers(0, num_classes, shape).astype(np.int32),
        scores=drawn if scores is None else np.full(shape, scores, np.float32),
    )


def random_heads(batch, *, num_classes=3, seed=0):
    """Heads for a batch; at each level one anchor guesses each truth nearly rightly."""
    rng = np.random.default_rng(seed)
    count, _, _, input_px = batch.images.shape
    heads = []
    for stride_px, mask in zip(STRIDES_PX, ANCHOR_MASKS, strict=True):
        grid = input_px // stride_px
        head = rng.standard_normal((count, 3, 5 + num_classes, grid, grid))
        for image, boxes in enumerate(batch.boxes_cxcywh.astype(np.float64)):
            for x, y, width, height in boxes[2:]:
                if width <= 0:
                    continue
                column, row = int(x * grid), int(y * grid)
                share = np.clip([x * grid - column, y * grid - row], 0.02, 0.98)
                anchor = np.asarray(ANCHORS_PX[mask[1]])
                head[image, 1, :2, row, column] = np.log(share / (1 - share))
                # not quite: |t| has no slope at 0
                head[image, 1, 2:4, row, column] = 0.01 + np.log(
                    np.asarray([width, height]) * input_px / anchor
                )
        heads.append(head.reshape(count, -1, grid, grid).astype(np.float32))
    return heads
