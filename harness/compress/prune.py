"""Prunes the weights of a network.

PaddleSlim's L1 pruner cuts them, as it cut the published rows'. Its result is held to
our own reading of the rule, bit for bit.  # zoo-spec 4.1
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.compress.kept_channels import cut, kept_channels, kept_entries
from harness.compress.paddleslim import import_paddleslim, quiet_paddleslim
from harness.errors import TrainingFailed
from harness.model.networks.pruned_channels import PRUNED_RATIOS, pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.networks.yolov3_head import block_convs, full_channels
from harness.model.paddle_run.graph import build_graph, scope_of, static_mode
from harness.model.paddle_run.runtime import import_paddle

LOGGER = logging.getLogger(__name__)

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
        UsageError: PaddleSlim is not installed.
        TrainingFailed: the network or its weights are not whole, or PaddleSlim left
            other shapes or values than the rule. It has been seen to leave a
            convolution unpruned without a word.
    """
    _demand_whole(network, weights, pruning)
    kept = kept_channels(weights, pruning)
    expected = cut(weights, kept_entries(network, kept))
    pruned = _pruned_by_paddleslim(network, weights, pruning)
    _demand_rule(pruned, expected)
    LOGGER.info(
        "%s keeps %d of %d channels of the head",
        pruning,
        sum(int(mask.sum()) for mask in kept.values()),
        sum(len(mask) for mask in kept.values()),
    )
    channels = pruned_channels(pruning, network.width)
    return replace(network, head_channels=channels), pruned


def _pruned_by_paddleslim(
    network: YoloV3, weights: Mapping[str, NDArray[Any]], pruning: str
) -> Arrays:
    paddle = import_paddle()
    slim = import_paddleslim()
    graph = build_graph(network)
    scope = scope_of(graph, weights)
    with static_mode(), paddle.static.scope_guard(scope), quiet_paddleslim():
        slim.prune.Pruner("l1_norm").prune(
            graph.program,
            scope,
            params=[f"{name}.conv.weights" for name in block_convs()],
            ratios=list(PRUNED_RATIOS[pruning]),
            place=paddle.CPUPlace(),
        )
        return {
            name: np.array(scope.find_var(name).get_tensor())
            for name in graph.shapes.variables
        }


def _demand_whole(
    network: YoloV3, weights: Mapping[str, NDArray[Any]], pruning: str
) -> None:
    if pruning not in PRUNED_RATIOS:
        raise TrainingFailed(
            "pruning", expected=f"one of {', '.join(PRUNED_RATIOS)}", got=pruning
        )
    whole = full_channels(network.width)
    if dict(network.head_channels) != whole:
        raise TrainingFailed(
            "channels of the network to prune",
            expected=f"{sum(whole.values())}, all of the head's",
            got=sum(network.head_channels.values()),
            next_step="start from the baseline, not from a pruned network",
        )
    for name, variable in network_shapes(network).variables.items():
        value = weights.get(name)
        got = "nothing" if value is None else value.shape
        if got != variable.shape:
            raise TrainingFailed(
                f"{name}: shape before pruning",
                expected=variable.shape,
                got=got,
                next_step="start from weights of this very network",
            )


def _demand_rule(
    pruned: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]
) -> None:
    for name, value in expected.items():
        if pruned[name].shape != value.shape:
            raise TrainingFailed(
                f"{name}: shape after pruning",
                expected=value.shape,
                got=pruned[name].shape,
                next_step="PaddleSlim does not prune this network as planned",
            )
        if pruned[name].tobytes() != value.tobytes():
            raise TrainingFailed(
                f"{name}: values after pruning",
                expected="those of the channels with the largest sums",
                got="others",
                next_step="PaddleSlim does not prune this network as planned",
            )
