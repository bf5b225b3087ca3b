"""Times a forward pass of a network on this machine.

The weights are drawn: what a convolution costs does not depend on their values.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.model.machine.device import Device
from harness.model.networks.functions import HeadsFunction, NetworkFunction
from harness.model.networks.shapes import NetworkShapes, network_shapes
from harness.model.paddle_run.heads import graph_heads

#: Of a network, its weights and a device.
OpenHeads = Callable[
    [NetworkFunction, Mapping[str, NDArray[np.float32]], Device], HeadsFunction
]

#: Images of one timed pass; a batch of 8 costs little less for each (measured).
TIMED_IMAGES = 2

#: What multiplies instead of adds, by the ends of its names.  # zoo-spec 2.1, 2.5
FACTORS = ("scale", "variance", "var", ".w_2")


def time_forward(
    network: NetworkFunction,
    device: Device,
    *,
    height_px: int,
    width_px: int,
    open_heads: OpenHeads | None = None,
) -> float:
    """Return the seconds that one image takes in a network, without post-processing.

    Args:
        network: which one.
        device: what computes.
        height_px: of the network's input.
        width_px: of the network's input.
        open_heads: of another runtime, which the device was opened for.
    """
    heads = (open_heads or graph_heads)(
        network, drawn_weights(network_shapes(network)), device
    )
    shape = (TIMED_IMAGES, 3, height_px, width_px)
    images = RandomState(0).standard_normal(shape).astype(np.float32)
    heads(images)  # the first pass prepares
    started_s = time.perf_counter()
    heads(images)
    return (time.perf_counter() - started_s) / TIMED_IMAGES


def drawn_weights(shapes: NetworkShapes) -> Mapping[str, NDArray[np.float32]]:
    """Return weights that keep values of a usual size: denormal ones are slow."""
    random = RandomState(0)
    weights = {}
    for name, variable in shapes.variables.items():
        shape = variable.shape
        if len(shape) > 1:
            fan_in = int(np.prod(shape[1:]))
            value = random.standard_normal(shape) * np.sqrt(2 / fan_in)
        elif name.endswith(FACTORS) or _is_norm_scale(name):
            value = np.ones(shape)
        else:
            value = np.zeros(shape)
        weights[name] = value.astype(np.float32)
    return weights


def _is_norm_scale(name: str) -> bool:
    return name.startswith("batch_norm") and name.endswith(".w_0")
