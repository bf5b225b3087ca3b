"""Runs a network with its weights: as an exported graph, or as plain operations."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.model.machine.device import Device
from harness.model.machine.precisions import INT8
from harness.model.networks.functions import HeadsFunction, NetworkFunction
from harness.model.paddle_run.graph import build_graph, serialise
from harness.model.paddle_run.int8_ops import Int8Ops
from harness.model.paddle_run.predictor import Predictor
from harness.model.paddle_run.runtime import import_paddle
from harness.model.paddle_run.tensors import TensorOps

LOGGER = logging.getLogger(__name__)


def graph_heads(
    network: NetworkFunction,
    weights: Mapping[str, NDArray[Any]],
    device: Device,
) -> HeadsFunction:
    """Return the network as an exported graph on the device, in its precision."""
    graph = build_graph(network, ops=Int8Ops if device.precision == INT8 else TensorOps)
    values = {**weights, **graph.scales}
    LOGGER.info(
        "exported graph on %s, %s",
        device.kind,
        "optimised" if device.optimise else "not optimised",
    )
    return Predictor(serialise(graph), values, device=device).run


def forward_heads(
    network: NetworkFunction, weights: Mapping[str, NDArray[Any]]
) -> HeadsFunction:
    """Return the network as plain operations, the reference for the graph."""
    paddle = import_paddle()
    LOGGER.info("plain forward, without a graph")
    state = {name: paddle.to_tensor(one) for name, one in weights.items()}

    def heads(images: NDArray[np.float32]) -> list[NDArray[Any]]:
        with paddle.no_grad():
            outputs = network(TensorOps(state), paddle.to_tensor(images))
        return [one.numpy() for one in outputs]

    return heads
