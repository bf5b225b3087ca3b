"""A network read from an archive in, a function from images to its raw outputs out.

The same for every architecture; what is quantised is simulated.
"""

from __future__ import annotations

from typing import Protocol

from harness.model.layouts.weights import Arrays
from harness.model.networks.functions import HeadsFunction, NetworkFunction
from harness.model.paddle_run.device import Device
from harness.model.paddle_run.heads import forward_heads, graph_heads
from harness.model.quantised.quantisation import Quantisation
from harness.model.quantised.simulated import simulated


class ReadNetwork(Protocol):
    """A network with a value for every variable."""

    @property
    def network(self) -> NetworkFunction:
        """What runs on the operations of a graph, or of arrays."""
        ...

    @property
    def weights(self) -> Arrays:
        """A value for every variable."""
        ...

    @property
    def quantisation(self) -> Quantisation | None:
        """What is in 8 bits; None: nothing."""
        ...


def open_heads(
    opened: ReadNetwork, device: Device, *, optimise: bool = True
) -> HeadsFunction:
    """Return the network as an optimised graph on the device."""
    network, weights = simulated(opened.network, opened.weights, opened.quantisation)
    return graph_heads(network, weights, device, optimise=optimise)


def plain_heads(opened: ReadNetwork) -> HeadsFunction:
    """Return the network as plain operations, the reference for :func:`open_heads`."""
    network, weights = simulated(opened.network, opened.weights, opened.quantisation)
    return forward_heads(network, weights)
