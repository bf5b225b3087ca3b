"""Builds the network that a recipe trains."""

from __future__ import annotations

from harness.errors import ArchiveUnavailable
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.yolov3 import YoloV3
from harness.values.recipes import TrainedNetwork

UNPRUNED = "none"


def build_network(network: TrainedNetwork, pruning: str | None = None) -> YoloV3:
    """Return a recipe's network, as a pruning leaves it.

    Args:
        network: of the recipe.
        pruning: key of ``PRUNED_RATIOS``; None for the whole network.

    Raises:
        ArchiveUnavailable: networks of that architecture are not trained here.
    """
    if network.architecture != "yolov3":
        raise ArchiveUnavailable(
            f"no training of {network.architecture} in this version",
            expected="a recipe of yolov3",
            got=network.architecture,
            next_step="measure the published archive instead",
        )
    return YoloV3(
        backbone=network.backbone,
        num_classes=network.num_classes,
        width=network.width,
        head_channels=pruned_channels(pruning or UNPRUNED, network.width),
    )
