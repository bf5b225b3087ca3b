"""Prunes the weights of a network.

Channels are chosen by PaddleSlim's L1 pruner, as the published rows' were: the output
channels with the smallest sum of absolute weights go.  # zoo-spec 4.1
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import TrainingFailed
from harness.model.networks.pruned_channels import PRUNED_RATIOS, pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.networks.yolov3_head import block_convs
from harness.model.paddle_run.graph import build_graph, scope_of, static_mode
from harness.model.paddle_run.runtime import import_paddle

Arrays = dict[str, NDArray[np.float32]]


def prune(
    network: YoloV3, weights: Mapping[str, NDArray[Any]], pruning: str
) -> tuple[YoloV3, Arrays]:
    """Remove a pruning's share of each head convolution's output channels.

    Args:
        network: the unpruned network.
        weights: a value for each of its variables.
        pruning: key of ``PRUNED_RATIOS``.

    Returns:
        The pruned network and its weights.

    Raises:
        TrainingFailed: PaddleSlim left other shapes than those. It has been seen to
            leave a convolution unpruned without a word, so every shape is checked.
    """
    paddle = import_paddle()
    from paddleslim.prune import Pruner

    graph = build_graph(network)
    scope = scope_of(graph, weights)
    with static_mode(), paddle.static.scope_guard(scope):
        Pruner("l1_norm").prune(
            graph.program,
            scope,
            params=[f"{name}.conv.weights" for name in block_convs()],
            ratios=list(PRUNED_RATIOS[pruning]),
            place=paddle.CPUPlace(),
        )
        pruned = {
            name: np.array(scope.find_var(name).get_tensor())
            for name in graph.shapes.variables
        }
    smaller = YoloV3(
        backbone=network.backbone,
        num_classes=network.num_classes,
        width=network.width,
        head_channels=pruned_channels(pruning, network.width),
    )
    for name, variable in network_shapes(smaller).variables.items():
        if pruned[name].shape != variable.shape:
            raise TrainingFailed(
                f"{name}: shape after pruning",
                expected=variable.shape,
                got=pruned[name].shape,
                next_step="PaddleSlim does not prune this network as planned",
            )
    return smaller, pruned
