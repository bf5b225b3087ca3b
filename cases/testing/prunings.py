"""Tiny networks with random weights, and a slow oracle of what a pruning keeps."""

import importlib.util
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.model.networks.pruned_channels import PRUNED_RATIOS, pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.networks.yolov3_head import block_convs

WIDTH = 1 / 8

#: What a convolution reads, where that is a pruned one.  # zoo-spec 4.2
SOURCES = {
    **{
        f"yolo_block.{block}.{place}": f"yolo_block.{block}.{source}"
        for block in range(3)
        for place, source in {
            "0.1": "0.0",
            "1.0": "0.1",
            "1.1": "1.0",
            "2": "1.1",
            "tip": "2",
        }.items()
    },
    **{f"yolo_output.{block}": f"yolo_block.{block}.tip" for block in range(3)},
    **{f"yolo_transition.{block}": f"yolo_block.{block}.2" for block in (0, 1)},
}

#: Asked for, not tried: a PaddleSlim that is there and does not import is a failure.
needs_paddleslim = pytest.mark.skipif(
    importlib.util.find_spec("paddleslim") is None,
    reason="PaddleSlim is not installed; tox -e retrain has it",
)


Arrays = Mapping[str, NDArray[Any]]


def build_network(backbone: str, pruning: str = "none") -> YoloV3:
    """A YOLOv3 network of five classes at an eighth of its width."""
    return YoloV3(
        backbone=backbone,
        num_classes=5,
        width=WIDTH,
        head_channels=pruned_channels(pruning, WIDTH),
    )


def draw_weights(network: YoloV3, seed: int = 5) -> dict[str, NDArray[Any]]:
    """Random values at which no output of the network is far from 1."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, variable in network_shapes(network).variables.items():
        value = rng.standard_normal(variable.shape)
        if value.ndim > 1:
            value /= math.sqrt(math.prod(variable.shape[1:]))
        if name.endswith(("var", "variance")):
            value = np.abs(value) + 0.5
        weights[name] = value.astype(np.float32)
    return weights


def oracle_keeps(weights: Arrays, stem: str, pruning: str) -> list[int]:
    """The output channels that stay, one loop for each letter (zoo-spec 4.1)."""
    kernel = weights[f"{stem}.conv.weights"]
    ratio = dict(zip(block_convs(), PRUNED_RATIOS[pruning], strict=True))[stem]
    sizes = []
    for channel in range(kernel.shape[0]):
        size = 0.0
        for value in kernel[channel].ravel().tolist():
            size += abs(value)
        sizes.append(size)
    removed = set(np.argsort(sizes)[: round(len(sizes) * ratio)].tolist())
    return [channel for channel in range(len(sizes)) if channel not in removed]


def oracle_cut(
    weights: Arrays, pruning: str, values: Arrays | None = None
) -> dict[str, NDArray[Any]]:
    """Every value, sliced by hand: the weights', or others by the same channels."""
    values = weights if values is None else values
    cut = dict(values)
    for stem in block_convs():
        kept = oracle_keeps(weights, stem, pruning)
        for name in (
            f"{stem}.conv.weights",
            *(f"{stem}.bn.{word}" for word in ("scale", "offset", "mean", "var")),
        ):
            if name in cut:
                cut[name] = cut[name][kept]
    for stem, source in SOURCES.items():
        name = f"{stem}.conv.weights"
        cut[name] = cut[name][:, oracle_keeps(weights, source, pruning)]
    return cut
