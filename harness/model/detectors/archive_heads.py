"""Runs the network of an opened archive; what is quantised in it is simulated."""

from __future__ import annotations

from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.layouts.weights import Arrays
from harness.model.networks.functions import HeadsFunction, NetworkFunction
from harness.model.networks.simulated import simulated
from harness.model.paddle_run.device import Device
from harness.model.paddle_run.heads import forward_heads, graph_heads


def open_heads(opened: OpenedArchive, device: Device) -> HeadsFunction:
    """Return the network as a graph on the device, which measures."""
    return graph_heads(*_simulated(opened), device)


def plain_heads(opened: OpenedArchive) -> HeadsFunction:
    """Return the network as plain operations, the reference for :func:`open_heads`."""
    return forward_heads(*_simulated(opened))


def _simulated(opened: OpenedArchive) -> tuple[NetworkFunction, Arrays]:
    if opened.quantisation is None:
        return opened.network, opened.weights
    return simulated(opened.network, opened.weights, opened.quantisation.scales())
