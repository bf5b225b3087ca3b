"""The YOLOv3 network: a backbone and the head over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from harness.model.networks.backbones import BACKBONES
from harness.model.networks.ops import Ops
from harness.model.networks.yolov3_head import yolov3_head

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloV3:
    """A YOLOv3 network, ready to be run by any :class:`Ops`."""

    backbone: str  # key of BACKBONES
    num_classes: int
    width: float  # channel multiplier; 1 for published archives
    head_channels: Mapping[str, int]  # output channels of the 18 head convolutions

    def __call__(self, ops: Ops[T], image: T) -> tuple[T, T, T]:
        """Return the raw head outputs at strides 32, 16 and 8."""
        features = BACKBONES[self.backbone](ops, image, width=self.width)
        return yolov3_head(
            ops,
            features,
            num_classes=self.num_classes,
            width=self.width,
            channels=self.head_channels,
        )
