"""Computes the two losses of a YOLOv3 from its heads, by part.

``paddle.vision.ops.yolo_loss`` computes the ordinary one on the CPU alone. This is the
same from operations that every device has.  # zoo-spec 4.4, 5.1
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.networks.loss_ops import Losses, LossOps, Value
from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX
from harness.train.targets import (
    SMALLEST_SIDE,
    LevelTargets,
    fine_grained_targets,
    ordinary_targets,
)
from harness.values.training import Batch

IGNORE_THRESHOLD = 0.7  # zoo-spec 5.1


def ordinary_losses(
    ops: LossOps,
    heads: Sequence[Value],
    batch: Batch,
    *,
    num_classes: int,
    label_smooth: bool,
) -> Losses:
    """Return the ordinary loss: sums over cells and levels, mean over images.

    Args:
        ops: what computes.
        heads: raw, of strides 32, 16 and 8: ``[B, 3 * (5 + C), H, W]``.
        batch: the ground truths that the heads should tell.
        num_classes: ``C``.
        label_smooth: ask for classes a little less surely.

    Returns:
        ``xy``, ``wh``, ``objectness`` and ``classes``: their sum is the loss.
    """
    targets = (
        ordinary_targets(
            batch.boxes_cxcywh,
            batch.classes,
            batch.scores,
            mask=mask,
            grid=head.shape[-1],
            input_px=batch.images.shape[-1],
            num_classes=num_classes,
            label_smooth=label_smooth,
        )
        for head, mask in zip(heads, ANCHOR_MASKS, strict=True)
    )
    is_truth = (batch.boxes_cxcywh[..., 2:] > SMALLEST_SIDE).all(-1)
    boxes = batch.boxes_cxcywh * is_truth[..., None]
    return _losses(ops, heads, targets, boxes, batch.images.shape[-1])


def fine_grained_losses(
    ops: LossOps, heads: Sequence[Value], batch: Batch, *, num_classes: int
) -> Losses:
    """Return the fine-grained loss, of distilled rows; see :func:`ordinary_losses`.

    It never smooths labels.  # zoo-spec 4.4
    """
    targets = (
        fine_grained_targets(
            batch.boxes_cxcywh,
            batch.classes,
            batch.scores,
            mask=mask,
            grid=head.shape[-1],
            input_px=batch.images.shape[-1],
            num_classes=num_classes,
        )
        for head, mask in zip(heads, ANCHOR_MASKS, strict=True)
    )
    return _losses(ops, heads, targets, batch.boxes_cxcywh, batch.images.shape[-1])


def _losses(
    ops: LossOps,
    heads: Sequence[Value],
    targets: Iterable[LevelTargets],
    boxes_cxcywh: NDArray[np.float32],
    input_px: int,
) -> Losses:
    count = len(boxes_cxcywh)
    nothing = ops.constant(np.zeros(()))
    totals: Losses = dict.fromkeys(("xy", "wh", "objectness", "classes"), nothing)
    shown = _without_padding(boxes_cxcywh)
    for head, target, mask in zip(heads, targets, ANCHOR_MASKS, strict=True):
        anchors = np.asarray([ANCHORS_PX[place] for place in mask]) / input_px
        parts = {
            **_cell_losses(ops, head, target),
            "objectness": _objectness(ops, head, target, shown, anchors),
        }
        for name, value in parts.items():
            totals[name] = totals[name] + value
    return {name: value / count for name, value in totals.items()}


def _cell_losses(ops: LossOps, head: Value, target: LevelTargets) -> Losses:
    """Return what is wrong with the boxes and classes of cells that have a truth."""
    if not len(target.cells):
        return {}  # no runtime takes nothing
    values = ops.take(head, _places(target, len(target.classes[0])))  # [G, 5 + C]
    if not target.has_gradient.all():
        share = ops.constant(target.has_gradient[:, None])
        values = values * share + ops.frozen(values) * (1 - share)
    weights = ops.constant(target.box_weights[:, None])
    xy = ops.cross_entropy(values[:, :2], ops.constant(target.xywh[:, :2]))
    wh = ops.abs(values[:, 2:4] - ops.constant(target.xywh[:, 2:]))
    classes = ops.cross_entropy(values[:, 5:], ops.constant(target.classes))
    return {
        "xy": ops.sum(xy * weights),
        "wh": ops.sum(wh * weights),
        "classes": ops.sum(classes * ops.constant(target.class_weights[:, None])),
    }


def _places(target: LevelTargets, num_classes: int) -> NDArray[np.int64]:
    """Return where in a flattened head the values of each cell are: ``[G, 5 + C]``."""
    _, anchors, height, width = target.objectness.shape
    image, anchor, row, column = target.cells.T[..., None]  # each [G, 1]
    channels = np.arange(5 + num_classes)
    planes = (image * anchors + anchor) * len(channels) + channels
    places: NDArray[np.int64] = (planes * height + row) * width + column
    return places


def _objectness(
    ops: LossOps,
    head: Value,
    target: LevelTargets,
    boxes_cxcywh: NDArray[np.float32],
    anchors: NDArray[Any],
) -> Value:
    count, per_level, height, width = target.objectness.shape
    cells = ops.reshape(head, (count, per_level, -1, height, width))
    overlaps = _largest_overlaps(ops, ops.frozen(cells), boxes_cxcywh, anchors)
    weights = ops.constant(target.objectness_weights) + ops.constant(
        target.background
    ) * (1 - ops.above(overlaps, IGNORE_THRESHOLD))
    return ops.sum(
        ops.cross_entropy(cells[:, :, 4], ops.constant(target.objectness)) * weights
    )


def _largest_overlaps(
    ops: LossOps,
    cells: Value,
    boxes_cxcywh: NDArray[np.float32],
    anchors: NDArray[Any],
) -> Value:
    """Return each predicted box's largest IoU with a ground truth: ``[B, A, H, W]``.

    Args:
        ops: what computes.
        cells: ``[B, A, 5 + C, H, W]``.
        boxes_cxcywh: ``[B, M, 4]``; one of size 0 overlaps nothing.
        anchors: ``[A, 2]``, shares of the image.
    """
    side = cells.shape[-1]
    steps = np.arange(side)
    spans, sizes = [], []
    for axis, step in enumerate((steps[None, :], steps[:, None])):
        centre = (ops.sigmoid(cells[:, :, axis]) + ops.constant(step)) / side
        size = ops.exp(cells[:, :, 2 + axis]) * ops.constant(
            anchors[None, :, axis, None, None]
        )
        shape = (*size.shape, 1)  # [B, A, H, W, 1]
        centre, size = ops.reshape(centre, shape), ops.reshape(size, shape)
        true_centre = boxes_cxcywh[:, None, None, None, :, axis]  # [B, 1, 1, 1, M]
        true_half = boxes_cxcywh[:, None, None, None, :, 2 + axis] / 2
        span = ops.minimum(
            centre + size / 2, ops.constant(true_centre + true_half)
        ) - ops.maximum(centre - size / 2, ops.constant(true_centre - true_half))
        spans.append(ops.maximum(span, ops.constant(np.zeros(1))))
        sizes.append(size)
    shared = spans[0] * spans[1]  # [B, A, H, W, M]
    true_area = boxes_cxcywh[:, None, None, None, :, 2:].prod(-1)
    return ops.largest(
        shared / (sizes[0] * sizes[1] + ops.constant(true_area) - shared)
    )


def _without_padding(boxes_cxcywh: NDArray[np.float32]) -> NDArray[np.float32]:
    """Leave out lists' ends that no image of the batch needs; one place stays."""
    used = np.flatnonzero((boxes_cxcywh[..., 2:] > 0).all(-1).any(0))
    return boxes_cxcywh[:, : used[-1] + 1 if len(used) else 1]
