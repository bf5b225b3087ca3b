import pytest

from harness.model.networks.backbones.residual import batch_norm_names, block_names


@pytest.mark.parametrize(
    ("conv", "stem"),
    [
        ("conv1", "bn_conv1"),
        ("conv1_1", "bnv1_1"),
        ("conv1_3", "bnv1_3"),
        ("res2a_branch1", "bn2a_branch1"),
        ("res4f_branch2c", "bn4f_branch2c"),
    ],
)  # zoo-spec 2.2, 2.3
def test_a_batch_norm_is_named_after_its_convolution_by_upstreams_rule(conv, stem):
    names = batch_norm_names(conv)

    assert (names.scale, names.offset) == (f"{stem}_scale", f"{stem}_offset")
    assert (names.mean, names.variance) == (f"{stem}_mean", f"{stem}_variance")


def test_stages_have_3_4_6_and_3_blocks():
    assert [[name for name, _ in block_names(stage)] for stage in (2, 3, 4, 5)] == [
        ["res2a", "res2b", "res2c"],
        ["res3a", "res3b", "res3c", "res3d"],
        ["res4a", "res4b", "res4c", "res4d", "res4e", "res4f"],
        ["res5a", "res5b", "res5c"],
    ]


def test_one_block_of_a_stage_is_the_first():
    assert [is_first for _, is_first in block_names(3)] == [True, False, False, False]
