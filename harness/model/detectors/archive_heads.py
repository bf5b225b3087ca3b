"""Runs the network of an opened archive; what is quantised in it is simulated."""

from __future__ import annotations

from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.detectors.paired_program import paired_network
from harness.model.layouts.weights import Arrays
from harness.model.machine.device import Device
from harness.model.networks.functions import HeadsFunction, NetworkFunction
from harness.model.networks.simulated import simulated
from harness.model.paddle_run.heads import forward_heads
from harness.model.runtimes.runtimes import runtime_of


def open_heads(opened: OpenedArchive, device: Device) -> HeadsFunction:
    """Return the network on the device, by its runtime: what measures.

    Raises:
        ArchiveUnreadable: the archive is a program that is not our network's.
    """
    return runtime_of(device).open_heads(*_simulated(opened), device)


def plain_heads(opened: OpenedArchive) -> HeadsFunction:
    """Return the network as Paddle's plain operations, the reference for the graph."""
    return forward_heads(*_simulated(opened))


def _simulated(opened: OpenedArchive) -> tuple[NetworkFunction, Arrays]:
    if opened.program is not None:
        return paired_network(opened)
    if opened.quantisation is None:
        return opened.network, opened.weights
    return simulated(opened.network, opened.weights, opened.quantisation.scales())
