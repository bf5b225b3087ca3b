"""A row's architecture, backbone and shapes in, one network function out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import ArchiveUnreadable
from harness.model.networks.backbones import BACKBONES
from harness.model.networks.blazeface import EDITIONS
from harness.model.networks.ops import Ops
from harness.model.networks.yolov3_head import yolov3_head

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
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


#: Architecture -> the backbones whose networks are built.
NETWORKS: Mapping[str, Collection[str]] = {
    "yolov3": BACKBONES.keys(),
    "blazeface": EDITIONS.keys(),
}


def demand_network(architecture: str, backbone: str) -> None:
    """Refuse a network that is not built, before anything is downloaded.

    Raises:
        ArchiveUnreadable: it is named.
    """
    if backbone not in NETWORKS.get(architecture, ()):
        raise ArchiveUnreadable(
            f"no network {architecture}-{backbone} in this version",
            expected=" or ".join(
                f"{one}-{word}" for one, words in NETWORKS.items() for word in words
            ),
            next_step="the archive was not downloaded",
        )
