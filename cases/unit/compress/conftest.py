"""A tiny network on each backbone, with random weights."""

import pytest

from harness.model.networks.backbones import BACKBONES
from testing.prunings import build_network, draw_weights


@pytest.fixture(scope="module", params=sorted(BACKBONES))
def network(request):
    return build_network(request.param)


@pytest.fixture(scope="module")
def weights(network):
    return draw_weights(network)
