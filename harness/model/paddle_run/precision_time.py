"""A network and a precision in, its speed beside that of float32, from one run, out.

The weights are drawn: what a convolution costs does not depend on their values.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.model.networks.structure import network_of_row
from harness.model.paddle_run.device import Device
from harness.model.paddle_run.forward_time import drawn_weights
from harness.model.paddle_run.graph import build_graph, serialise
from harness.model.paddle_run.int8_ops import Int8Ops
from harness.model.paddle_run.precision import FLOAT32, INT8
from harness.model.paddle_run.predictor import Predictor
from harness.model.paddle_run.tensors import TensorOps
from harness.values.rows import Row

#: Images of a timed pass: as many as a measurement looks at together.
TIMED_IMAGES = 8

#: The fastest of so many is told: what else the machine does only makes it slower.
ROUNDS = 5

#: Of drawn weights: about what values of variance 1 stay below.
DRAWN_SCALE = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionTimes:
    """What one image takes in the network alone."""

    float32_s: float
    precision_s: float


def time_precision(
    row: Row, device: Device, *, height_px: int, width_px: int
) -> PrecisionTimes:
    """Time a row's float network against the same one in the device's precision.

    Both are open at once and take turns, so that a busy machine slows both.

    Args:
        row: says which network, and of which shapes.
        device: what computes, and in what precision.
        height_px: of the network's input.
        width_px: of the network's input.

    Raises:
        ArchiveUnreadable: no network for the row in this version.
    """
    shape = (TIMED_IMAGES, 3, height_px, width_px)
    images = RandomState(0).standard_normal(shape).astype(np.float32)
    devices = (replace(device, precision=FLOAT32), device)
    predictors = [open_drawn(row, one) for one in devices]
    for one in predictors:
        one.run(images)  # the first pass prepares
    rounds = [[_seconds(one, images) for one in predictors] for _ in range(ROUNDS)]
    float32_s, precision_s = (min(some) for some in zip(*rounds, strict=True))
    return PrecisionTimes(
        float32_s=float32_s / TIMED_IMAGES, precision_s=precision_s / TIMED_IMAGES
    )


def open_drawn(row: Row, device: Device) -> Predictor:
    """Return a row's network with drawn weights, in the device's precision."""
    network = network_of_row(row)
    ops = (
        partial(Int8Ops, every_scale=DRAWN_SCALE)
        if device.precision == INT8
        else TensorOps
    )
    graph = build_graph(network, ops=ops)
    weights = {**drawn_weights(graph.plan), **graph.scales}
    return Predictor(serialise(graph), weights, device=device)


def _seconds(predictor: Predictor, images: NDArray[np.float32]) -> float:
    started_s = time.perf_counter()
    predictor.run(images)
    return time.perf_counter() - started_s
