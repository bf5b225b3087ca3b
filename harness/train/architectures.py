"""Says what training is for each architecture: its network and its objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.model.networks.blazeface import BlazeFace
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.yolov3 import YoloV3
from harness.train.face_losses import face_losses
from harness.train.step import LossesOfHeads, Objective
from harness.values.recipes import Recipe, TrainedNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What a training knows of the networks of one architecture."""

    #: As a pruning leaves it, a key of ``PRUNED_RATIOS``.
    network: Callable[[TrainedNetwork, str], NetworkFunction]
    objective: Callable[[Recipe], LossesOfHeads]


#: Word of a recipe -> what is trained, and what it makes small.
ARCHITECTURES: Mapping[str, Architecture] = {
    "yolov3": Architecture(
        network=lambda network, pruning: YoloV3(
            backbone=network.backbone,
            num_classes=network.num_classes,
            width=network.width,
            head_channels=pruned_channels(pruning, network.width),
        ),
        objective=lambda recipe: Objective(
            num_classes=recipe.network.num_classes,
            label_smooth=recipe.is_label_smoothed,
            is_fine_grained=recipe.loss == "fine_grained",
        ),
    ),
    "blazeface": Architecture(
        network=lambda network, _: BlazeFace(
            edition=network.backbone, width=network.width
        ),
        objective=lambda _: face_losses,
    ),
}


def objective_of(recipe: Recipe) -> LossesOfHeads:
    """Return what a recipe makes small, without what a teacher adds."""
    return ARCHITECTURES[recipe.network.architecture].objective(recipe)
