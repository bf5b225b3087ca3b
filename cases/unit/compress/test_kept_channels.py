import numpy as np
import pytest

from harness.compress.kept_channels import cut, kept_channels, kept_entries
from harness.errors import TrainingFailed
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3_head import block_convs
from testing.prunings import WIDTH, build_network, oracle_cut, oracle_keeps

PRUNINGS = ("prune_r578", "prune_sensity")


@pytest.mark.parametrize("pruning", PRUNINGS)
def test_the_largest_channels_stay(weights, pruning):
    kept = kept_channels(weights, pruning)

    assert tuple(kept) == block_convs()
    for stem, mask in kept.items():
        assert np.flatnonzero(mask).tolist() == oracle_keeps(weights, stem, pruning)


@pytest.mark.parametrize("pruning", PRUNINGS)
def test_equal_channels_are_ranked_as_numpy_ranks_them(weights, pruning):
    rng = np.random.default_rng(1)
    tied = {
        name: rng.integers(-1, 2, value.shape).astype(np.float32)  # whole sums, few
        for name, value in weights.items()
    }

    kept = kept_channels(tied, pruning)

    for stem, mask in kept.items():
        sizes = np.abs(tied[f"{stem}.conv.weights"]).sum(axis=(1, 2, 3))
        assert len(set(sizes.tolist())) < len(sizes)
        removed = np.argsort(sizes)[: np.count_nonzero(~mask)]
        assert np.flatnonzero(~mask).tolist() == sorted(removed.tolist())


@pytest.mark.parametrize("pruning", PRUNINGS)
def test_every_value_is_cut_as_by_hand(network, weights, pruning):
    kept = kept_entries(network, kept_channels(weights, pruning))

    assert set(kept) == set(weights)
    smaller = cut(weights, kept)
    by_hand = oracle_cut(weights, pruning)
    assert all(np.array_equal(smaller[name], by_hand[name]) for name in weights)


@pytest.mark.parametrize("pruning", PRUNINGS)
def test_cut_values_have_the_shapes_of_the_pruned_network(network, weights, pruning):
    smaller = cut(weights, kept_entries(network, kept_channels(weights, pruning)))

    expected = network_shapes(build_network(network.backbone, pruning)).variables
    assert {name: one.shape for name, one in smaller.items()} == {
        name: one.shape for name, one in expected.items()
    }
    changed = [name for name in weights if smaller[name].shape != weights[name].shape]
    assert len(changed) == 95  # zoo-spec 4.2


def test_velocities_lose_the_channels_of_the_weights_not_their_own(network, weights):
    rng = np.random.default_rng(3)
    velocities = {
        name: rng.standard_normal(variable.shape).astype(np.float32)
        for name, variable in network_shapes(network).variables.items()
        if variable.is_trained
    }
    before = {name: one.copy() for name, one in velocities.items()}

    kept = kept_entries(network, kept_channels(weights, "prune_r578"))
    smaller = cut(velocities, kept)

    by_hand = oracle_cut(
        weights,
        "prune_r578",
        {**velocities, **{n: v for n, v in weights.items() if n not in velocities}},
    )
    assert smaller.keys() == velocities.keys()
    assert all(np.array_equal(smaller[name], by_hand[name]) for name in smaller)
    assert all(np.array_equal(velocities[name], before[name]) for name in before)


def test_a_value_under_another_name_is_not_left_whole(network, weights):
    kept = kept_entries(network, kept_channels(weights, "prune_r578"))
    name = "yolo_block.0.0.0.conv.weights"

    with pytest.raises(
        TrainingFailed,
        match=rf"^{name}_velocity_0: a value to cut; expected a variable of the "
        "network, got another name; give the values by variable$",
    ):
        cut({f"{name}_velocity_0": weights[name]}, kept)


def test_a_value_that_is_cut_already_is_refused(network, weights):
    kept = kept_entries(network, kept_channels(weights, "prune_r578"))

    with pytest.raises(
        TrainingFailed,
        match=r"first axes of a value to cut; expected \(\d+,( \d+)?\), got \(\d+,"
        r"( \d+)?\); give the values of the unpruned network$",
    ):
        cut(cut(weights, kept), kept)


def test_a_network_too_narrow_to_keep_a_channel_is_refused(weights):
    name = "yolo_block.2.0.0.conv.weights"
    narrow = {**weights, name: weights[name][:2]}
    assert pruned_channels("prune_r578", WIDTH)["yolo_block.2.0.0"] > 0

    with pytest.raises(
        TrainingFailed,
        match=r"^yolo_block.2.0.0: channels left by prune_r578; expected at least 1, "
        "got 0 of 2; prune a wider network$",
    ):
        kept_channels(narrow, "prune_r578")
    three = {**weights, name: weights[name][:3]}
    assert kept_channels(three, "prune_r578")["yolo_block.2.0.0"].sum() == 1
