import importlib.util
import sys

import numpy as np
import pytest

from harness.compress.prune import prune
from harness.errors import TrainingFailed
from harness.model.networks.pruned_channels import PRUNED_RATIOS, pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.networks.yolov3_head import block_convs

# Asked for, not tried: a PaddleSlim that is there and does not import is a failure.
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("paddleslim") is None,
    reason="PaddleSlim is not installed; tox -e retrain has it",
)

WIDTH = 1 / 8


@pytest.fixture(scope="module")
def network():
    return YoloV3(
        backbone="mobilenet_v1",
        num_classes=5,
        width=WIDTH,
        head_channels=pruned_channels("none", WIDTH),
    )


@pytest.fixture(scope="module")
def weights(network):
    """Random values; every channel of a convolution has a size of its own."""
    rng = np.random.default_rng(5)
    return {
        name: rng.standard_normal(variable.shape).astype(np.float32)
        for name, variable in network_shapes(network).variables.items()
    }


@pytest.fixture(scope="module", params=["prune_r578", "prune_sensity"])
def pruned(request, network, weights):
    return request.param, *prune(network, weights, request.param)


def kept_channels(weights, stem, pruning):
    """The output channels that L1 keeps, in their own order (zoo-spec 4.1)."""
    sizes = np.abs(weights[f"{stem}.conv.weights"]).sum(axis=(1, 2, 3))
    ratio = dict(zip(block_convs(), PRUNED_RATIOS[pruning], strict=True))[stem]
    removed = np.argsort(sizes)[: round(len(sizes) * ratio)]
    return np.setdiff1d(np.arange(len(sizes)), removed)


#: What a convolution reads, where that is another pruned one.  # zoo-spec 4.2
SOURCES = {
    f"yolo_block.{block}.{place}": f"yolo_block.{block}.{source}"
    for block in range(3)
    for place, source in {
        "0.1": "0.0",
        "1.0": "0.1",
        "1.1": "1.0",
        "2": "1.1",
        "tip": "2",
    }.items()
}


def test_the_result_has_the_shapes_of_the_pruning(pruned):
    pruning, network, smaller = pruned

    assert network.head_channels == pruned_channels(pruning, WIDTH)
    assert {name: one.shape for name, one in smaller.items()} == {
        name: one.shape for name, one in network_shapes(network).variables.items()
    }


def test_the_largest_channels_stay_in_their_order(pruned, weights):
    pruning, _, smaller = pruned

    for stem in block_convs():
        expected = weights[f"{stem}.conv.weights"][
            kept_channels(weights, stem, pruning)
        ]
        if stem in SOURCES:
            expected = expected[:, kept_channels(weights, SOURCES[stem], pruning)]
        assert np.array_equal(smaller[f"{stem}.conv.weights"], expected), stem


@pytest.mark.parametrize("vector", ["scale", "offset", "mean", "var"])
def test_the_normalisation_follows_its_convolution(pruned, weights, vector):
    pruning, _, smaller = pruned

    for stem in block_convs():
        name = f"{stem}.bn.{vector}"
        kept = kept_channels(weights, stem, pruning)
        assert np.array_equal(smaller[name], weights[name][kept]), stem


def test_outputs_and_transitions_lose_inputs_and_no_outputs(pruned, weights):
    pruning, _, smaller = pruned

    readers = {f"yolo_output.{block}": f"yolo_block.{block}.tip" for block in range(3)}
    readers |= {f"yolo_transition.{block}": f"yolo_block.{block}.2" for block in (0, 1)}
    for stem, source in readers.items():
        name = f"{stem}.conv.weights"
        kept = kept_channels(weights, source, pruning)
        assert np.array_equal(smaller[name], weights[name][:, kept]), stem


def test_everything_else_stays_as_it_was(pruned, weights):
    _, _, smaller = pruned

    same = [name for name in weights if np.array_equal(smaller[name], weights[name])]
    assert len(same) == 241 - 95  # zoo-spec 4.2


def test_the_weights_that_were_given_are_left(network, weights):
    before = {name: one.copy() for name, one in weights.items()}

    prune(network, weights, "prune_r578")

    assert all(np.array_equal(before[name], weights[name]) for name in before)


def test_a_convolution_that_paddleslim_leaves_unpruned_is_refused(
    monkeypatch, network, weights
):
    class Lazy:
        def __init__(self, criterion):
            assert criterion == "l1_norm"

        def prune(self, *_, params, ratios, **__):
            assert len(params) == len(ratios) == 18

    monkeypatch.setattr(sys.modules["paddleslim.prune"], "Pruner", Lazy)

    with pytest.raises(
        TrainingFailed,
        match=r"^yolo_block.0.0.0.conv.weights: shape after pruning; "
        r"expected \(32, 128, 1, 1\), got \(64, 128, 1, 1\); "
        "PaddleSlim does not prune this network as planned$",
    ):
        prune(network, weights, "prune_r578")
