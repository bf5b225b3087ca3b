"""Times a network in a precision beside float32, in one run.

The weights are drawn: what a convolution costs does not depend on their values.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.model.machine.device import Device
from harness.model.machine.precisions import FLOAT32, INT8
from harness.model.networks.functions import HeadsFunction, NetworkFunction
from harness.model.networks.shapes import network_shapes
from harness.model.networks.simulated import SimulatedNetwork
from harness.model.networks.structure import FLOAT_OUTPUTS
from harness.model.paddle_run.forward_time import drawn_weights
from harness.model.paddle_run.heads import graph_heads

#: Images of a timed pass: as many as a measurement looks at together.
TIMED_IMAGES = 8

#: The fastest of so many is reported: other load only makes a pass slower.
ROUNDS = 5

#: Of drawn weights: about what values of variance 1 stay below.
DRAWN_SCALE = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionTimes:
    """What one image takes in the network alone."""

    float32_s: float
    precision_s: float


def time_precision(
    network: NetworkFunction, device: Device, *, height_px: int, width_px: int
) -> PrecisionTimes:
    """Time a float network against the same one in the device's precision.

    Both are open at once and take turns, so that a busy machine slows both.

    Args:
        network: which one.
        device: what computes, and in what precision.
        height_px: of the network's input.
        width_px: of the network's input.
    """
    shape = (TIMED_IMAGES, 3, height_px, width_px)
    images = RandomState(0).standard_normal(shape).astype(np.float32)
    devices = (replace(device, precision=FLOAT32), device)
    several = [open_drawn(network, one) for one in devices]
    for heads in several:
        heads(images)  # the first pass prepares
    rounds = [[_seconds(heads, images) for heads in several] for _ in range(ROUNDS)]
    float32_s, precision_s = (min(some) for some in zip(*rounds, strict=True))
    return PrecisionTimes(
        float32_s=float32_s / TIMED_IMAGES, precision_s=precision_s / TIMED_IMAGES
    )


def open_drawn(network: NetworkFunction, device: Device) -> HeadsFunction:
    """Return a network with drawn weights, in the device's precision."""
    weights = drawn_weights(network_shapes(network))
    if device.precision == INT8:
        network = in_drawn_scales(network)
    return graph_heads(network, weights, device)


def in_drawn_scales(network: NetworkFunction) -> SimulatedNetwork:
    """Return a network in 8 bits, one scale for all that its convolutions read.

    The outputs of YOLOv3 stay in float.  # zoo-spec 4.5
    """
    scales = {
        name: DRAWN_SCALE
        for name, variable in network_shapes(network).variables.items()
        if len(variable.shape) == 4 and not name.startswith(FLOAT_OUTPUTS)
    }
    return SimulatedNetwork(network=network, scales=scales)


def _seconds(heads: HeadsFunction, images: NDArray[np.float32]) -> float:
    started_s = time.perf_counter()
    heads(images)
    return time.perf_counter() - started_s
