import pytest

from harness.model.networks.backbones.resnet34 import resnet34
from harness.model.networks.shapes import Feature, ShapeOps


@pytest.mark.parametrize(
    ("width", "channels"), [(1.0, (128, 256, 512)), (1 / 16, (8, 16, 32))]
)
def test_the_features_have_the_published_channels(width, channels):
    features = resnet34(ShapeOps(), Feature(3, 1), width=width)

    assert tuple(one.channels for one in features) == channels


def test_every_convolution_has_its_weights_and_four_vectors(shapes_of):
    shapes = shapes_of(resnet34)

    assert len(shapes) == 5 * (1 + 2 * 16 + 4)  # stem, 16 blocks, 4 shortcuts
    assert shapes["conv1_weights"] == (64, 3, 7, 7)
    assert shapes["bn_conv1_variance"] == (64,)
    assert shapes["res3a_branch2a_weights"] == (128, 64, 3, 3)
    assert shapes["res5c_branch2b_weights"] == (512, 512, 3, 3)
    assert shapes["bn5c_branch2b_mean"] == (512,)


def test_the_first_block_of_every_stage_has_a_shortcut_convolution(shapes_of):
    shapes = shapes_of(resnet34)
    shortcuts = [name for name in shapes if name.endswith("branch1_weights")]

    assert shortcuts == [f"res{stage}a_branch1_weights" for stage in (2, 3, 4, 5)]
    assert shapes["res2a_branch1_weights"] == (64, 64, 1, 1)  # same channels, same side
    assert shapes["res5a_branch1_weights"] == (512, 256, 1, 1)


def test_a_block_is_two_convolutions_added_to_its_input(trace):
    c3, c4, _ = resnet34(trace, (), width=1.0)
    block, after = c4[-2:]

    assert after == "relu"
    assert block == (
        (),  # the input itself
        ("res4f_branch2a_weights", "bn", "relu", "res4f_branch2b_weights", "bn"),
    )
    assert c4[: len(c3)] == c3


def test_the_first_block_convolves_its_shortcut(trace):
    c3, c4, _ = resnet34(trace, (), width=1.0)

    assert c4[len(c3)] == (
        ("res4a_branch1_weights", "bn"),
        ("res4a_branch2a_weights", "bn", "relu", "res4a_branch2b_weights", "bn"),
    )


def test_the_stem_is_pooled_once(trace):
    c3, _, _ = resnet34(trace, (), width=1.0)

    assert c3[:4] == ("conv1_weights", "bn", "relu", "max")
    assert trace.strides["conv1_weights"] == (7, 2)


def test_stages_3_to_5_begin_with_a_stride_on_both_ways(trace):
    resnet34(trace, (), width=1.0)
    halving = [name for name, (_, stride) in trace.strides.items() if stride == 2]

    assert halving == ["conv1_weights"] + [
        f"res{stage}a_branch{branch}_weights"
        for stage in (3, 4, 5)
        for branch in ("2a", "1")
    ]
