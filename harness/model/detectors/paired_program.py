"""Pairs the parameters of a program with our network, for a runtime that runs none."""

from __future__ import annotations

from harness.errors import ArchiveUnreadable
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.detectors.program_operations import (
    NEEDS_PADDLE,
    demand_operations,
)
from harness.model.layouts.contract import listed
from harness.model.layouts.weights import Arrays
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.shapes import network_shapes
from harness.model.networks.simulated import SimulatedNetwork
from harness.model.quantised.described import eight_bit_weights


def paired_network(opened: OpenedArchive) -> tuple[NetworkFunction, Arrays]:
    """Return our network with the values of a program, by name and shape.

    What the program holds in 8 bits is the number that its integers stand for, and what
    those convolutions read is rounded as the program does.

    Args:
        opened: an archive that is a program.

    Raises:
        ArchiveUnreadable: a variable of the network has no value of its shape in the
            program, or the program computes something else; it runs on Paddle alone.
    """
    assert opened.program is not None
    held = {name: opened.weights[name] for name in opened.program.parameters}
    quantisation = opened.quantisation
    rounded = {
        one.weights: eight_bit_weights(one, held).values()
        for one in ([] if quantisation is None else quantisation.convs)
    }
    values = {**held, **rounded}
    wanted = network_shapes(opened.network).variables
    apart = [
        name
        for name, variable in wanted.items()
        if name not in values or values[name].shape != variable.shape
    ]
    if apart:
        raise ArchiveUnreadable(
            "this archive is a program that does not pair with our network",
            expected=f"{len(wanted)} variables by name and shape",
            got=f"another or none for {listed(apart)}",
            next_step=NEEDS_PADDLE,
        )
    demand_operations(opened.program.operators, opened.network)
    weights = {name: values[name] for name in wanted}
    if quantisation is None:
        return opened.network, weights
    scales = quantisation.scales()
    return SimulatedNetwork(network=opened.network, scales=scales), weights
