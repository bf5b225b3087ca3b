import logging

import numpy as np
import pytest

from harness.compress.prune import prune
from harness.errors import TrainingFailed
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3_head import block_convs
from harness.model.paddle_run.graph import build_graph, scope_of, static_mode
from harness.model.paddle_run.heads import forward_heads
from testing.prunings import (
    WIDTH,
    build_network,
    draw_weights,
    needs_paddleslim,
    oracle_cut,
    oracle_keeps,
)

pytestmark = needs_paddleslim


@pytest.fixture(scope="module", params=["prune_r578", "prune_sensity"])
def pruned(request, network, weights):
    return request.param, *prune(network, weights, request.param)


@pytest.fixture(scope="module")
def plain():
    """A network and its weights where the backbone does not matter."""
    network = build_network("mobilenet_v1")
    return network, draw_weights(network)


def images(seed=2):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((2, 3, 64, 96)).astype(np.float32)


def test_the_result_has_the_shapes_of_the_pruning(network, pruned):
    pruning, smaller, weights = pruned

    assert smaller == build_network(network.backbone, pruning)
    assert {name: one.shape for name, one in weights.items()} == {
        name: one.shape for name, one in network_shapes(smaller).variables.items()
    }


def test_every_weight_is_the_one_sliced_by_hand_to_the_bit(pruned, weights):
    pruning, _, smaller = pruned

    by_hand = oracle_cut(weights, pruning)
    assert smaller.keys() == by_hand.keys()
    for name, value in by_hand.items():
        assert smaller[name].dtype == np.float32
        assert smaller[name].tobytes() == value.tobytes(), name


def test_the_heads_are_those_of_the_network_sliced_by_hand(network, pruned, weights):
    pruning, smaller, values = pruned

    heads = forward_heads(smaller, values)(images())
    by_hand = forward_heads(
        build_network(network.backbone, pruning), oracle_cut(weights, pruning)
    )(images())
    assert [one.shape for one in heads] == [
        (2, 30, 2, 3),
        (2, 30, 4, 6),
        (2, 30, 8, 12),
    ]
    for mine, theirs in zip(heads, by_hand, strict=True):
        assert np.isfinite(mine).all()
        assert np.abs(mine).max() > 0.1
        assert np.array_equal(mine, theirs)


def test_the_heads_are_those_of_the_whole_network_with_the_channels_silenced(
    network, pruned, weights
):
    pruning, smaller, values = pruned
    silenced = {name: one.copy() for name, one in weights.items()}
    for stem in block_convs():
        kept = oracle_keeps(weights, stem, pruning)
        gone = np.setdiff1d(np.arange(len(weights[f"{stem}.bn.scale"])), kept)
        silenced[f"{stem}.bn.scale"][gone] = 0
        silenced[f"{stem}.bn.offset"][gone] = 0

    heads = forward_heads(smaller, values)(images())
    whole = forward_heads(network, silenced)(images())
    unpruned = forward_heads(network, weights)(images())
    for mine, theirs, before in zip(heads, whole, unpruned, strict=True):
        assert np.abs(mine - theirs).max() < 1e-5 * np.abs(theirs).max()
        assert np.abs(mine - before).max() > 0.1 * np.abs(before).max()


def test_no_pruning_leaves_every_weight(plain):
    network, weights = plain

    same, values = prune(network, weights, "none")

    assert same == network
    assert all(np.array_equal(values[name], weights[name]) for name in weights)


def test_the_weights_that_were_given_are_left(plain):
    network, weights = plain
    before = {name: one.copy() for name, one in weights.items()}

    prune(network, weights, "prune_r578")

    assert all(np.array_equal(before[name], weights[name]) for name in before)


def test_equal_channels_are_pruned_as_the_rule_says(plain):
    network, weights = plain
    rng = np.random.default_rng(1)
    tied = {
        name: rng.integers(-1, 2, one.shape).astype(np.float32)
        for name, one in weights.items()
    }

    _, values = prune(network, tied, "prune_r578")

    assert all(
        np.array_equal(values[name], one)
        for name, one in oracle_cut(tied, "prune_r578").items()
    )


def test_what_is_kept_is_logged_and_paddleslim_is_not_heard(plain, caplog):
    caplog.set_level(logging.INFO)

    prune(*plain, "prune_r578")

    assert caplog.messages == ["prune_r578 keeps 402 of 1008 channels of the head"]


class Lazy:
    """A pruner that leaves all as it was."""

    def __init__(self, criterion):
        assert criterion == "l1_norm"

    def prune(self, *_, params, ratios, **__):
        assert len(params) == len(ratios) == 18


@pytest.fixture
def pruner_is(monkeypatch):
    import paddleslim

    return lambda kind: monkeypatch.setattr(paddleslim.prune, "Pruner", kind)


def test_a_convolution_that_paddleslim_leaves_unpruned_is_refused(pruner_is, plain):
    pruner_is(Lazy)

    with pytest.raises(
        TrainingFailed,
        match=r"^yolo_block.0.0.0.conv.weights: shape after pruning; "
        r"expected \(32, 128, 1, 1\), got \(64, 128, 1, 1\); "
        "PaddleSlim does not prune this network as planned$",
    ):
        prune(*plain, "prune_r578")


def test_other_channels_than_the_rule_keeps_are_refused(pruner_is, plain):
    import paddleslim

    class Contrary(paddleslim.prune.Pruner):
        """A pruner that keeps the right number of channels, in another order."""

        def prune(self, program, scope, **words):
            super().prune(program, scope, **words)
            tensor = scope.find_var("yolo_block.1.2.conv.weights").get_tensor()
            tensor.set(np.array(tensor)[::-1].copy(), words["place"])

    pruner_is(Contrary)

    with pytest.raises(
        TrainingFailed,
        match=r"^yolo_block.1.2.conv.weights: values after pruning; expected those of "
        "the channels with the largest sums, got others; "
        "PaddleSlim does not prune this network as planned$",
    ):
        prune(*plain, "prune_r578")


def test_a_pruned_network_is_not_pruned_again():
    network = build_network("mobilenet_v1", "prune_sensity")

    with pytest.raises(
        TrainingFailed,
        match=r"^channels of the network to prune; expected 1008, all of the head's, "
        rf"got {sum(pruned_channels('prune_sensity', WIDTH).values())}; "
        "start from the baseline, not from a pruned network$",
    ):
        prune(network, draw_weights(network), "prune_r578")


def test_an_unknown_pruning_is_refused(plain):
    with pytest.raises(
        TrainingFailed,
        match=r"^pruning; expected one of none, prune_r578, prune_sensity, got r578$",
    ):
        prune(*plain, "r578")


@pytest.mark.parametrize(
    ("spoil", "got"),
    [
        (lambda weights, name: weights.pop(name), "nothing"),
        (
            lambda weights, name: weights.update({name: weights[name][:1]}),
            r"\(1, 64, 1, 1\)",
        ),
    ],
)
def test_weights_that_are_not_the_networks_are_refused(plain, spoil, got):
    network, weights = plain
    name = "yolo_transition.0.conv.weights"
    spoilt = dict(weights)
    spoil(spoilt, name)

    with pytest.raises(
        TrainingFailed,
        match=rf"^{name}: shape before pruning; expected \(32, 64, 1, 1\), got {got}; "
        "start from weights of this very network$",
    ):
        prune(network, spoilt, "prune_r578")


def raw_pruner(network, weights, names):
    """What PaddleSlim itself makes of half of some convolutions' channels."""
    import paddle
    import paddleslim

    graph = build_graph(network)
    scope = scope_of(graph, weights)
    with static_mode(), paddle.static.scope_guard(scope):
        program, _, _ = paddleslim.prune.Pruner("l1_norm").prune(
            graph.program,
            scope,
            params=list(names),
            ratios=[0.5] * len(names),
            place=paddle.CPUPlace(),
        )
        values = {name: np.array(scope.find_var(name).get_tensor()) for name in weights}
    return program, values


def test_paddleslim_leaves_what_a_deformable_convolution_reads_without_a_word():
    """Why its result is checked: the 18 convolutions of the head feed none."""
    network = build_network("resnet50_vd_dcn")
    weights = draw_weights(network)

    _, values = raw_pruner(network, weights, ["res5a_branch2a_weights"])

    assert all(np.array_equal(values[name], weights[name]) for name in weights)
