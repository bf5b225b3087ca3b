"""Compares a student's heads with its teacher's: the losses of distilled rows.

``l2`` is added to the student's ordinary loss, ``split`` to its fine-grained one.
PaddleSlim's ``dist.l2`` is the same number, of static programs alone; it has no
``split``.  # zoo-spec 4.3
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.model.networks.loss_ops import Losses, LossOps, Value

ANCHORS_PER_LEVEL = 3  # zoo-spec 2.4
L2_WEIGHT = 100  # zoo-spec 4.3
SPLIT_WEIGHT = 1000  # zoo-spec 4.3


def l2_losses(
    ops: LossOps, student: Sequence[Value], teacher: Sequence[Value]
) -> Losses:
    """Return the mean squared difference, summed over levels and weighted.

    Args:
        ops: what computes.
        student: raw heads, ``[B, 3 * (5 + C), H, W]`` each.
        teacher: the same of the teacher, without a gradient.

    Returns:
        ``distil_l2`` alone.
    """
    levels = (
        ops.mean(ops.square(ours - theirs))
        for ours, theirs in zip(student, teacher, strict=True)
    )
    return {"distil_l2": L2_WEIGHT * sum(levels)}


def split_losses(
    ops: LossOps, student: Sequence[Value], teacher: Sequence[Value]
) -> Losses:
    """Return the differences of boxes, classes and objectness, each in its own way.

    The teacher's objectness weighs boxes and classes, and is itself told as yes or no.
    For the arguments see :func:`l2_losses`.

    Returns:
        ``distil_box``, ``distil_classes`` and ``distil_objectness``.
    """
    levels = [
        _level_split(ops, ours, theirs)
        for ours, theirs in zip(student, teacher, strict=True)
    ]
    return {
        name: SPLIT_WEIGHT * sum(level[name] for level in levels) for name in levels[0]
    }


def _level_split(ops: LossOps, student: Value, teacher: Value) -> Losses:
    count, channels, height, width = student.shape
    shape = (count, ANCHORS_PER_LEVEL, channels // ANCHORS_PER_LEVEL, height, width)
    student, teacher = ops.reshape(student, shape), ops.reshape(teacher, shape)
    sure = ops.sigmoid(teacher[:, :, 4:5])  # [B, 3, 1, H, W]
    centres = ops.cross_entropy(student[:, :, :2], ops.sigmoid(teacher[:, :, :2]))
    sizes = ops.abs(student[:, :, 2:4] - teacher[:, :, 2:4])
    classes = ops.cross_entropy(student[:, :, 5:], ops.sigmoid(teacher[:, :, 5:]))
    # on the logit: the teacher sees something where its sigmoid is above a half
    is_object = ops.above(teacher[:, :, 4], 0.0)
    return {
        # x, y, w and h are summed, so that it is twice the mean of each two
        "distil_box": 2 * ops.mean((centres + sizes) * sure),
        "distil_classes": ops.mean(classes * sure),
        "distil_objectness": ops.mean(ops.cross_entropy(student[:, :, 4], is_object)),
    }


DistillationLosses = Callable[[LossOps, Sequence[Value], Sequence[Value]], Losses]

#: Word of a recipe -> what it adds to the student's losses.
DISTILLATIONS: Mapping[str, DistillationLosses] = {
    "l2": l2_losses,
    "split": split_losses,
}
