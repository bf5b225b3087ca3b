"""What a network takes from the archive that it starts from, by names of zoo-spec 2."""

import pytest

from harness.errors import ArchiveUnreadable
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.start_variables import split_variables
from harness.model.networks.yolov3 import YoloV3

#: Classifier variables of the published backbones, which no detector has.
CLASSIFIERS = {
    "mobilenet_v1": {"fc7_weights": (1024, 1000), "fc7_offset": (1000,)},
    "resnet34": {"fc_0.w_0": (512, 1000), "fc_0.b_0": (1000,)},
    "resnet50_vd_dcn": {"fc_0.w_0": (2048, 1000), "fc_0.b_0": (1000,)},
}


def variables_of(backbone, pruning="none", num_classes=80):
    channels = pruned_channels(pruning)
    network = YoloV3(
        backbone=backbone, num_classes=num_classes, width=1.0, head_channels=channels
    )
    return network_shapes(network).variables


def shapes(variables):
    return {name: one.shape for name, one in variables.items()}


def backbone_archive(backbone):
    """A published classifier: the backbone without steering, and its last layer."""
    return {
        name: shape
        for name, shape in shapes(variables_of(backbone)).items()
        if not name.startswith("yolo_") and "_conv_offset." not in name
    } | CLASSIFIERS[backbone]


@pytest.mark.parametrize("backbone", CLASSIFIERS)
def test_a_classifiers_last_layer_is_named_and_left(backbone):
    archive, network = backbone_archive(backbone), variables_of(backbone)
    split = split_variables(archive, network, is_backbone=True)

    assert split.left == tuple(sorted(CLASSIFIERS[backbone]))
    assert set(split.taken) == set(archive) - set(split.left)
    assert set(split.taken) | set(split.new) == set(network)
    assert split.told.endswith("2 left: " + ", ".join(split.left))


def test_the_head_starts_anew():
    archive, network = backbone_archive("mobilenet_v1"), variables_of("mobilenet_v1")
    split = split_variables(archive, network, is_backbone=True)

    assert len(split.taken) == 27 * 5  # a convolution and four of its BN each
    assert len(split.new) == 241 - 27 * 5  # zoo-spec 2
    assert all(name.startswith("yolo_") for name in split.new)


def test_what_steers_deformable_convolutions_starts_anew():
    archive = backbone_archive("resnet50_vd_dcn")
    split = split_variables(archive, variables_of("resnet50_vd_dcn"), is_backbone=True)

    steering = [name for name in split.new if not name.startswith("yolo_")]
    assert steering == [
        f"res5{block}_branch2b_conv_offset.{end}"
        for block in "abc"
        for end in ("b_0", "w_0")
    ]
    assert "res5a_branch2b_weights" in split.taken


def test_the_work_of_an_optimiser_and_a_teacher_is_left():
    network = variables_of("mobilenet_v1")
    others = {
        "@LR_DECAY_COUNTER@": (1,),
        "conv1_weights_velocity_0": (32, 3, 3, 3),
        "teacher_conv1_weights": (64, 3, 7, 7),
    }  # zoo-spec 2.6
    split = split_variables({**shapes(network), **others}, network, is_backbone=False)

    assert split.left == tuple(others)
    assert (len(split.taken), split.new) == (241, ())


def test_a_sentence_without_leftovers_names_none():
    network = variables_of("mobilenet_v1")
    split = split_variables(shapes(network), network, is_backbone=False)

    assert split.told == "241 variables taken, 0 start anew"


def test_another_backbone_is_refused():
    archive, network = backbone_archive("resnet34"), variables_of("mobilenet_v1")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^134 variables that the network starts from are missing; expected "
        r"conv1_bn_mean, .* and 129 more, got bn2a_branch1_mean, .*; start from "
        r"weights of the recipe's own network$",
    ):
        split_variables(archive, network, is_backbone=True)


def test_a_backbone_that_lacks_one_variable_is_refused():
    archive = backbone_archive("mobilenet_v1")
    del archive["conv6_sep_bn_variance"]

    with pytest.raises(
        ArchiveUnreadable, match=r"^1 variables .* conv6_sep_bn_variance"
    ):
        split_variables(archive, variables_of("mobilenet_v1"), is_backbone=True)


def test_a_detector_must_have_its_head():
    archive, network = backbone_archive("mobilenet_v1"), variables_of("mobilenet_v1")

    with pytest.raises(ArchiveUnreadable, match=r"^106 variables .* are missing"):
        split_variables(archive, network, is_backbone=False)


def test_a_network_of_other_classes_is_refused():
    archive = shapes(variables_of("mobilenet_v1", num_classes=20))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^shape of yolo_output.0.conv.bias; expected \[255\], got \[75\]; start",
    ):
        split_variables(archive, variables_of("mobilenet_v1"), is_backbone=False)


def test_a_network_that_is_pruned_already_is_refused():
    archive = shapes(variables_of("mobilenet_v1", "prune_r578"))

    with pytest.raises(ArchiveUnreadable, match=r"^shape of yolo_block"):
        split_variables(archive, variables_of("mobilenet_v1"), is_backbone=False)
