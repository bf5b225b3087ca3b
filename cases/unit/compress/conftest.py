"""A tiny network on each backbone, with random weights."""

import pytest

from harness.model.networks.backbones import BACKBONES
from testing.prunings import build_network, draw_weights

#: One word for each network: two words have one network and other images.
WORDS = sorted({network: word for word, network in BACKBONES.items()}.values())


@pytest.fixture(scope="module", params=WORDS)
def network(request):
    return build_network(request.param)


@pytest.fixture(scope="module")
def weights(network):
    return draw_weights(network)
