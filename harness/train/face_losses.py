"""Computes the loss of a BlazeFace from its heads, by part.

Modern Paddle has no ``ssd_loss``; this is its definition.  # zoo-spec 5.5
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.prior_boxes import prior_boxes
from harness.model.networks.blazeface import NUM_CLASSES
from harness.model.networks.loss_ops import Losses, LossOps, Value
from harness.train.prior_matching import NO_FACE, encode_faces, hardest, match_priors
from harness.values.training import Batch

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

NEGATIVES_PER_FACE = 3  # zoo-spec 5.5


def face_losses(ops: LossOps, heads: Sequence[Value], batch: Batch) -> Losses:
    """Return the loss of a batch over the number of its matched priors.

    Cross entropy of the matched priors, and of the three times as many others of the
    image that are most wrong; smooth L1 of the matched priors' offsets.

    Args:
        ops: what computes.
        heads: boxes ``[B, 4 * K, H, W]`` and classes ``[B, 2 * K, H, W]`` of each
            level.
        batch: the faces that the heads should tell; what has score 0 is none.

    Returns:
        ``faces``, and ``boxes`` where a prior is matched: their sum is the loss.
    """
    boxes, classes = heads[0::2], heads[1::2]
    _, _, height_px, width_px = batch.images.shape
    priors = prior_boxes(
        [(one.shape[2], one.shape[3]) for one in boxes],
        height_px=height_px,
        width_px=width_px,
    )  # [P, 4]
    faces = [
        corners_of(of_image[scores > 0])
        for of_image, scores in zip(batch.boxes_cxcywh, batch.scores, strict=True)
    ]
    matched = np.stack([match_priors(priors, one) for one in faces])  # [B, P]
    is_face = matched != NO_FACE
    wanted = np.zeros((*matched.shape, 4), np.float32)
    for image, has_face in enumerate(is_face):
        own = faces[image][matched[image, has_face]]  # [N, 4]
        wanted[image, has_face] = encode_faces(priors[has_face], own)
    ends = np.cumsum([_prior_count(one) for one in boxes])[:-1]
    faces_of_level = np.split(is_face, ends, axis=1)  # [B, P of the level] each
    wrong = [
        _class_losses(ops, head, one)
        for head, one in zip(classes, faces_of_level, strict=True)
    ]
    counted = is_face | _hardest(
        np.concatenate([ops.numbers(one) for one in wrong], axis=1), is_face
    )
    count = max(int(is_face.sum()), 1)
    levels = zip(wrong, np.split(counted, ends, axis=1), strict=True)
    losses = {
        "faces": sum(ops.sum(one * ops.constant(mask)) for one, mask in levels) / count
    }
    offsets = [
        _box_loss(ops, head, one, told)
        for head, one, told in zip(
            boxes, faces_of_level, np.split(wanted, ends, axis=1), strict=True
        )
        if one.any()  # no runtime takes nothing
    ]
    return {**losses, "boxes": sum(offsets) / count} if offsets else losses


def corners_of(boxes_cxcywh: Floats) -> Floats:
    """Return near and far corners: ``[M, 4]``."""
    centres, halves = boxes_cxcywh[:, :2], boxes_cxcywh[:, 2:] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _hardest(losses: Floats, is_face: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which priors without a face count, image by image: ``[B, P]``."""
    return np.stack(
        [
            hardest(of_image, ~faces, NEGATIVES_PER_FACE * int(faces.sum()))
            for of_image, faces in zip(losses, is_face, strict=True)
        ]
    )


def _class_losses(ops: LossOps, head: Value, is_face: NDArray[np.bool_]) -> Value:
    """Return the cross entropy of each prior of a level: ``[B, P]``.

    Of two classes, the softmax is the sigmoid of the logits' difference.
    """
    background, face = (
        ops.take(head, _places(head, NUM_CLASSES)[..., one]) for one in range(2)
    )
    return ops.cross_entropy(face - background, ops.constant(is_face))


def _box_loss(
    ops: LossOps, head: Value, is_face: NDArray[np.bool_], wanted: Floats
) -> Value:
    """Return the smooth L1 of a level's matched priors, summed."""
    told = ops.take(head, _places(head, 4)[is_face])  # [N, 4]
    far = ops.abs(told - ops.constant(wanted[is_face]))
    near = ops.minimum(far, ops.constant(np.ones(1)))
    return ops.sum(0.5 * ops.square(near) + far - near)


def _prior_count(head: Value) -> int:
    _, channels, height, width = head.shape
    return int(channels // 4 * height * width)


def _places(head: Value, values: int) -> Places:
    """Return where the values of each prior are in a flattened head.

    Priors are counted by row, column and place in the cell: ``[B, H * W * K, values]``.
    """
    places = np.arange(np.prod(head.shape)).reshape(head.shape)
    return places.transpose(0, 2, 3, 1).reshape(len(places), -1, values)
