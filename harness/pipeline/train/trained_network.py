"""Builds the network that a recipe trains."""

from __future__ import annotations

from harness.model.networks.functions import NetworkFunction
from harness.train.architectures import ARCHITECTURES
from harness.values.recipes import TrainedNetwork

UNPRUNED = "none"


def build_network(
    network: TrainedNetwork, pruning: str | None = None
) -> NetworkFunction:
    """Return a recipe's network, as a pruning leaves it.

    Args:
        network: of the recipe.
        pruning: key of ``PRUNED_RATIOS``; None for the whole network.
    """
    return ARCHITECTURES[network.architecture].network(network, pruning or UNPRUNED)
