"""Compares a student's heads with its teacher's: the losses of distilled rows.

``l2`` is added to the student's ordinary loss, ``split`` to its fine-grained one.
PaddleSlim's ``dist.l2`` is the same number, of static programs alone; it has no
``split``.  # zoo-spec 4.3
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.model.networks.loss_ops import LossOps, Value

ANCHORS_PER_LEVEL = 3  # zoo-spec 2.4
L2_WEIGHT = 100  # zoo-spec 4.3
SPLIT_WEIGHT = 1000  # zoo-spec 4.3


def l2_loss(ops: LossOps, student: Sequence[Value], teacher: Sequence[Value]) -> Value:
    """Return the mean squared difference, summed over levels and weighted.

    Args:
        ops: what computes.
        student: raw heads, ``[B, 3 * (5 + C), H, W]`` each.
        teacher: the same of the teacher, without a gradient.
    """
    return L2_WEIGHT * sum(
        ops.mean(ops.square(ours - theirs))
        for ours, theirs in zip(student, teacher, strict=True)
    )


def split_loss(
    ops: LossOps, student: Sequence[Value], teacher: Sequence[Value]
) -> Value:
    """Return the differences of boxes, classes and objectness, each in its own way.

    The teacher's objectness weighs boxes and classes, and is itself told as yes or no.
    See :func:`l2_loss`.
    """
    return SPLIT_WEIGHT * sum(
        _level_split(ops, ours, theirs)
        for ours, theirs in zip(student, teacher, strict=True)
    )


def _level_split(ops: LossOps, student: Value, teacher: Value) -> Value:
    count, channels, height, width = student.shape
    shape = (count, ANCHORS_PER_LEVEL, channels // ANCHORS_PER_LEVEL, height, width)
    student, teacher = ops.reshape(student, shape), ops.reshape(teacher, shape)
    sure = ops.sigmoid(teacher[:, :, 4])  # [B, 3, H, W]

    def centre(axis: int) -> Value:
        return ops.cross_entropy(student[:, :, axis], ops.sigmoid(teacher[:, :, axis]))

    def size(axis: int) -> Value:
        return ops.abs(student[:, :, axis] - teacher[:, :, axis])

    classes = ops.cross_entropy(student[:, :, 5:], ops.sigmoid(teacher[:, :, 5:]))
    # on the logit: the teacher sees something where its sigmoid is above a half
    is_object = ops.above(teacher[:, :, 4], 0.0)
    return (
        ops.mean((centre(0) + centre(1) + size(2) + size(3)) * sure)
        + ops.mean(classes * sure[:, :, None])
        + ops.mean(ops.cross_entropy(student[:, :, 4], is_object))
    )


DistillationLoss = Callable[[LossOps, Sequence[Value], Sequence[Value]], Value]

#: Word of a recipe -> what it adds to the student's loss.
DISTILLATIONS: Mapping[str, DistillationLoss] = {"l2": l2_loss, "split": split_loss}
