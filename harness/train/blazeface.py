"""Defines the training of a BlazeFace: its batches, its input, its loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.face_boxes import FACE, normalise_faces
from harness.model.boxes.prior_boxes import prior_boxes
from harness.model.networks.blazeface import NUM_CLASSES, BlazeFace
from harness.train.drawn_ahead import drawn_ahead
from harness.train.face_batches import FaceBatch, draw_face_batch
from harness.train.prior_matching import NO_FACE, encode_faces, hardest, match_priors
from harness.train.recipe import Recipe

NEGATIVES_PER_FACE = 3  # zoo-spec 5.5


@dataclass(frozen=True, slots=True, kw_only=True)
class BlazeFaceTask:
    """A BlazeFace on drawn crowds; a :class:`~harness.train.trainer.Task`."""

    recipe: Recipe

    @property
    def network(self) -> BlazeFace:
        """Return the network that is trained."""
        return BlazeFace(edition=self.recipe.backbone, width=self.recipe.width)

    def batches(self, first: int, last: int) -> Iterator[FaceBatch]:
        """Yield the batches of steps ``first`` to ``last - 1``."""
        return drawn_ahead(draw_face_batch, first, last, self.recipe)

    def inputs(self, batch: FaceBatch) -> NDArray[np.float32]:
        """Return ``[B, 3, S, S]``."""
        return normalise_faces(batch.images_rgb)

    def loss(self, outputs: tuple[Any, Any, Any, Any], batch: FaceBatch) -> Any:
        """Return the loss of a batch."""
        return face_loss(outputs, batch)


def face_loss(outputs: tuple[Any, Any, Any, Any], batch: FaceBatch) -> Any:
    """Return the loss of a batch over the number of its matched priors (zoo-spec 5.5).

    Cross entropy of the matched priors and of the three times as many others that are
    most wrong; smooth L1 of the matched priors' offsets.

    Args:
        outputs: of a BlazeFace, as tensors.
        batch: what they were computed from.
    """
    import paddle

    _, height_px, width_px, _ = batch.images_rgb.shape
    priors_xyxy = prior_boxes(
        [(one.shape[2], one.shape[3]) for one in outputs[0::2]],
        height_px=height_px,
        width_px=width_px,
    )  # [P, 4]
    offsets = paddle.concat([_per_prior(one, 4) for one in outputs[0::2]], axis=1)
    logits = paddle.concat(
        [_per_prior(one, NUM_CLASSES) for one in outputs[1::2]], axis=1
    )  # [B, P, 2]
    matched = np.stack([match_priors(priors_xyxy, one) for one in batch.boxes_xyxy])
    is_face = matched != NO_FACE  # [B, P]
    labels = paddle.to_tensor(np.where(is_face, FACE, 0).astype(np.int64))
    losses = paddle.nn.functional.cross_entropy(logits, labels, reduction="none")
    counted = is_face | np.stack(
        [
            hardest(loss, ~faces, NEGATIVES_PER_FACE * int(faces.sum()))
            for loss, faces in zip(
                losses.numpy().reshape(is_face.shape), is_face, strict=True
            )
        ]
    )
    class_loss = (losses.reshape(is_face.shape) * _mask(counted)).sum()
    wanted = np.concatenate(
        [
            encode_faces(priors_xyxy[faces], boxes[match[faces]])
            for boxes, match, faces in zip(
                batch.boxes_xyxy, matched, is_face, strict=True
            )
        ]
    )  # [N, 4]
    count = max(len(wanted), 1)
    if not len(wanted):
        return class_loss
    predicted = offsets[paddle.to_tensor(is_face)]  # [N, 4]
    box_loss = paddle.nn.functional.smooth_l1_loss(
        predicted, paddle.to_tensor(wanted), reduction="sum"
    )
    return (class_loss + box_loss) / count


def _per_prior(output: Any, values: int) -> Any:
    """Return a row per prior, by row, column, prior: ``[B, H * W * K, values]``."""
    batch = output.shape[0]
    return output.transpose([0, 2, 3, 1]).reshape([batch, -1, values])


def _mask(counted: NDArray[np.bool_]) -> Any:
    import paddle

    return paddle.to_tensor(counted.astype(np.float32))
