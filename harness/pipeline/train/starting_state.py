"""Makes the state before the first step: weights taken, drawn and pruned."""

from __future__ import annotations

import numpy as np

from harness.compress.prune import prune
from harness.model.networks.shapes import network_shapes
from harness.model.networks.start_variables import STEERING_ENDS
from harness.model.networks.yolov3 import YoloV3
from harness.pipeline.train.opened_origin import OpenedOrigin
from harness.pipeline.train.trained_network import UNPRUNED, build_network
from harness.train.initial import initial_weights
from harness.train.step import TrainingState
from harness.values.recipes import Recipe


def starting_state(
    recipe: Recipe, seed: int, start: OpenedOrigin | None
) -> TrainingState:
    """Return the weights of a recipe's network before its first step, at rest.

    Args:
        recipe: to follow.
        seed: draws what no origin has.
        start: what it starts from; None for a random start.

    Raises:
        UsageError: PaddleSlim is not installed.
        TrainingFailed: PaddleSlim prunes otherwise than the rule.
    """
    pruning = UNPRUNED if start is None else start.pruning
    network = build_network(recipe.network, pruning)
    drawn = initial_weights(
        network_shapes(network), num_classes=recipe.network.num_classes, seed=seed
    )
    weights = {
        # Convolutions start undeformed.  # zoo-spec 2.3
        name: np.zeros_like(value) if name.endswith(STEERING_ENDS) else value
        for name, value in drawn.items()
    } | ({} if start is None else dict(start.weights))
    if recipe.pruning is not None and pruning == UNPRUNED:
        assert isinstance(network, YoloV3)  # others' recipes prune nothing
        _, weights = prune(network, weights, recipe.pruning)
    return TrainingState(weights=weights, velocities={})
