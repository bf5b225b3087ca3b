import pytest

from harness.model.networks.pruned_channels import (
    PRUNED_RATIOS,
    matching_pruning,
    pruned_channels,
    pruning_of,
)
from harness.model.networks.yolov3_head import block_convs

#: Output channels by pruning and block, in the order of the pruner.  # zoo-spec 4.2
CHANNELS = {
    "none": [
        (512, 1024, 512, 1024, 512, 1024),
        (256, 512, 256, 512, 256, 512),
        (128, 256, 128, 256, 128, 256),
    ],
    "prune_r578": [
        (256, 512, 256, 512, 256, 512),
        (77, 154, 77, 154, 77, 154),
        (26, 51, 26, 51, 26, 51),
    ],
    "prune_sensity": [
        (461, 819, 410, 819, 410, 922),
        (205, 358, 179, 358, 205, 461),
        (90, 154, 77, 154, 77, 179),
    ],
}


def test_every_plan_is_pinned_here():
    assert set(CHANNELS) == set(PRUNED_RATIOS)


@pytest.mark.parametrize("pruning", CHANNELS)
def test_a_pruning_leaves_the_published_channels(pruning):
    blocks = [number for block in CHANNELS[pruning] for number in block]

    assert pruned_channels(pruning) == dict(zip(block_convs(), blocks, strict=True))


@pytest.mark.parametrize("width", [1.0, 0.25, 0.125])
@pytest.mark.parametrize("pruning", PRUNED_RATIOS)
def test_a_pruning_is_recognised_by_its_channels(pruning, width):
    assert matching_pruning(pruned_channels(pruning, width), width) == pruning


def test_one_channel_more_is_no_pruning():
    channels = pruned_channels("prune_r578")
    channels["yolo_block.2.tip"] += 1

    assert matching_pruning(channels) is None


@pytest.mark.parametrize(
    ("strategy", "pruning"),
    [
        ("prune_r578", "prune_r578"),
        ("prune_sensity", "prune_sensity"),
        ("baseline", "none"),
        ("distill_l2", "none"),
        ("quant_aware", "none"),
    ],
)
def test_only_pruning_changes_shapes(strategy, pruning):
    assert pruning_of(strategy) == pruning


def test_a_pruning_that_nobody_wrote_is_a_key_error():
    with pytest.raises(KeyError, match="prune_r999"):
        pruned_channels("prune_r999")
