"""Defines the training of a YOLOv3: its batches, its input, its loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.preprocess import NORMALISATIONS, normalise
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.yolov3 import YoloV3
from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX
from harness.train.drawn_ahead import drawn_ahead
from harness.train.recipe import Recipe
from harness.train.scene_batches import Batch, draw_batch
from harness.train.yolo_losses import IGNORE_THRESHOLD


def network_of(recipe: Recipe) -> YoloV3:
    """Return the network that a recipe trains."""
    return YoloV3(
        backbone=recipe.backbone,
        num_classes=recipe.num_classes,
        width=recipe.width,
        head_channels=pruned_channels(recipe.pruning, recipe.width),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloV3Task:
    """A YOLOv3 on drawn scenes; a :class:`~harness.train.trainer.Task`."""

    recipe: Recipe

    @property
    def network(self) -> YoloV3:
        """Return the network that is trained."""
        return network_of(self.recipe)

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """Yield the batches of steps ``first`` to ``last - 1``."""
        return drawn_ahead(draw_batch, first, last, self.recipe)

    def inputs(self, batch: Batch) -> NDArray[np.float32]:
        """Return ``[B, 3, S, S]``."""
        return normalise(batch.images_rgb, NORMALISATIONS[self.recipe.backbone])

    def loss(self, outputs: tuple[Any, Any, Any], batch: Batch) -> Any:
        """Return the loss of a batch."""
        return yolov3_loss(outputs, batch, num_classes=self.recipe.num_classes)


def yolov3_loss(
    outputs: tuple[Any, Any, Any], batch: Batch, *, num_classes: int
) -> Any:
    """Return the loss of a batch: mean over images, sum over levels (zoo-spec 5.1)."""
    import paddle

    boxes = paddle.to_tensor(batch.boxes_cxcywh)
    classes = paddle.to_tensor(batch.classes)
    flat_anchors = [side for anchor in ANCHORS_PX for side in anchor]
    levels = zip(outputs, ANCHOR_MASKS, STRIDES_PX, strict=True)
    return sum(
        paddle.vision.ops.yolo_loss(
            output,
            boxes,
            classes,
            anchors=flat_anchors,
            anchor_mask=list(mask),
            class_num=num_classes,
            ignore_thresh=IGNORE_THRESHOLD,
            downsample_ratio=stride_px,
            use_label_smooth=False,
        ).mean()
        for output, mask, stride_px in levels
    )
