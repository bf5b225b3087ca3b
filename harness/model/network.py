"""A row's architecture, backbone and shapes in, one network function out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import ArchiveUnreadable
from harness.model.backbones import BACKBONES
from harness.model.ops import Ops
from harness.model.yolov3_head import yolov3_head

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A YOLOv3 network, ready to be run by any :class:`~harness.model.ops.Ops`."""

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


def demand_network(architecture: str, backbone: str, strategy: str) -> None:
    """Refuse what this version has no network for, before anything is downloaded.

    A quantised archive read as a float one would give numbers, and not the row's.

    Raises:
        ArchiveUnreadable: the network is not built yet; it is named.
    """
    name = f"{architecture}-{backbone}"
    if architecture != "yolov3" or backbone not in BACKBONES:
        raise ArchiveUnreadable(
            f"no network {name} in this version",
            expected=" or ".join(f"yolov3-{name}" for name in BACKBONES),
            next_step="the archive was not downloaded",
        )
    if strategy.startswith("quant"):
        raise ArchiveUnreadable(
            f"no quantised network {name} ({strategy}) in this version",
            expected="a float row",
            next_step="the archive was not downloaded",
        )
