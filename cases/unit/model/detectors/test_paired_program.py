"""A program's values in our network, for a runtime that runs no programs."""

from dataclasses import replace

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.detectors.paired_program import paired_network
from harness.model.networks.simulated import SimulatedNetwork

REFUSAL = (
    "^this archive is a program that does not pair with our network; expected {count} "
    "variables by name and shape, got another or none for {name}; this archive needs "
    "Paddle: drop --runtime torch$"
)


@pytest.fixture
def program(layout_folder, open_layout):
    """A float program, opened."""
    return open_layout(layout_folder("program_params"))


def test_a_float_program_gives_our_network_its_values(program):
    network, weights = paired_network(program)

    assert network == program.network
    assert weights.keys() == program.weights.keys()
    assert all(weights[name] is program.weights[name] for name in weights)


@pytest.mark.parametrize(
    "name", ["yolov3_frozen_files", "blazeface_aware_export", "blazeface_frozen_int8"]
)
def test_8_bits_become_the_numbers_that_they_stand_for(opened_quantised, name):
    opened = opened_quantised(name)
    network, weights = paired_network(opened)

    assert isinstance(network, SimulatedNetwork)
    assert network.network == opened.network
    assert network.scales == opened.quantisation.scales()
    for conv in opened.quantisation.convs:
        values = weights[conv.weights]
        assert values.dtype == np.float32
        assert np.abs(values).max() > 0
        assert max(len(np.unique(channel)) for channel in values) <= 255


def test_a_program_that_holds_less_than_our_network_needs_paddle(program):
    name, *others = program.program.parameters
    desc = program.program.desc
    kept = {one: each for one, each in desc.variables.items() if one != name}
    less = replace(program.program, desc=replace(desc, variables=kept))
    assert set(less.parameters) == set(others)

    with pytest.raises(
        ArchiveUnreadable,
        match=REFUSAL.format(count=len(others) + 1, name=name),
    ):
        paired_network(replace(program, program=less))


def test_a_value_of_another_shape_needs_paddle(program):
    name = next(iter(program.weights))
    weights = {**program.weights, name: program.weights[name][..., :1][:1]}

    with pytest.raises(
        ArchiveUnreadable, match=REFUSAL.format(count=len(weights), name=name)
    ):
        paired_network(replace(program, weights=weights))
