import pytest

from harness.model.networks.backbones.resnet50_vd_dcn import resnet50_vd_dcn
from harness.model.networks.shapes import Feature, ShapeOps


@pytest.mark.parametrize(
    ("width", "channels"), [(1.0, (512, 1024, 2048)), (1 / 16, (32, 64, 128))]
)
def test_the_features_have_the_published_channels(width, channels):
    features = resnet50_vd_dcn(ShapeOps(), Feature(3, 1), width=width)

    assert tuple(one.channels for one in features) == channels


def test_every_convolution_has_its_weights_and_four_vectors(shapes_of):
    shapes = shapes_of(resnet50_vd_dcn)

    # Stem, 16 blocks, 4 shortcuts; an offset convolution has weights and bias.
    assert len(shapes) == 5 * (3 + 3 * 16 + 4) + 2 * 3
    assert shapes["res2a_branch2b_weights"] == (64, 64, 3, 3)
    assert shapes["res4f_branch2c_weights"] == (1024, 256, 1, 1)
    assert shapes["bn5c_branch2c_variance"] == (2048,)


def test_the_stem_is_three_convolutions_whose_batch_norms_lost_three_letters(shapes_of):
    shapes = shapes_of(resnet50_vd_dcn)

    assert shapes["conv1_1_weights"] == (32, 3, 3, 3)
    assert shapes["conv1_2_weights"] == (32, 32, 3, 3)
    assert shapes["conv1_3_weights"] == (64, 32, 3, 3)
    assert [name for name in shapes if name.endswith("1_2_scale")] == ["bnv1_2_scale"]


def test_the_first_block_of_every_stage_has_a_shortcut_convolution(shapes_of):
    shapes = shapes_of(resnet50_vd_dcn)
    shortcuts = [name for name in shapes if name.endswith("branch1_weights")]

    assert shortcuts == [f"res{stage}a_branch1_weights" for stage in (2, 3, 4, 5)]
    assert shapes["res2a_branch1_weights"] == (256, 64, 1, 1)
    assert shapes["res5a_branch1_weights"] == (2048, 1024, 1, 1)


def test_the_middle_convolutions_of_stage_5_are_deformable(trace, shapes_of):
    shapes = shapes_of(resnet50_vd_dcn)
    resnet50_vd_dcn(trace, (), width=1.0)

    assert {
        name for name, (kernel, _) in trace.strides.items() if kernel == "deformable"
    } == {f"res5{letter}_branch2b_weights" for letter in "abc"}
    for letter in "abc":
        stem = f"res5{letter}_branch2b"
        assert shapes[f"{stem}_conv_offset.w_0"] == (27, 512, 3, 3)
        assert shapes[f"{stem}_conv_offset.b_0"] == (27,)
        assert shapes[f"{stem}_weights"] == (512, 512, 3, 3)
    assert len([name for name in shapes if "conv_offset" in name]) == 6


def test_offsets_are_created_before_what_they_steer(shapes_of):
    names = list(shapes_of(resnet50_vd_dcn))
    start = names.index("res5b_branch2b_conv_offset.w_0")

    assert names[start : start + 4] == [
        "res5b_branch2b_conv_offset.w_0",
        "res5b_branch2b_conv_offset.b_0",
        "res5b_branch2b_weights",
        "bn5b_branch2b_scale",
    ]


def test_the_stride_is_on_the_3x3_and_never_on_the_shortcut(trace):
    resnet50_vd_dcn(trace, (), width=1.0)
    halving = [name for name, (_, stride) in trace.strides.items() if stride == 2]

    assert halving == [
        "conv1_1_weights",
        "res3a_branch2b_weights",
        "res4a_branch2b_weights",
        "res5a_branch2b_conv_offset.w_0",
        "res5a_branch2b_weights",
    ]


def test_the_shortcut_of_stages_3_to_5_is_pooled_before_its_convolution(trace):
    c3, c4, _ = resnet50_vd_dcn(trace, (), width=1.0)

    shortcut, _ = c4[len(c3)]
    assert shortcut == ("mean", "res4a_branch1_weights", "bn")


def test_the_shortcut_of_stage_2_is_convolved_alone(trace):
    c3, _, _ = resnet50_vd_dcn(trace, (), width=1.0)
    pooled = c3.index("max")

    shortcut, straight = c3[pooled + 1]
    assert shortcut == ("res2a_branch1_weights", "bn")
    assert straight == (
        *("res2a_branch2a_weights", "bn", "relu"),
        *("res2a_branch2b_weights", "bn", "relu"),
        *("res2a_branch2c_weights", "bn"),
    )
    assert c3[pooled + 2] == "relu"
