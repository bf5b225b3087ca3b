"""What the old runtime named the scales of each network, and what we call them."""

import json
from pathlib import Path

import pytest

from harness.model.detectors.architectures import ARCHITECTURES
from harness.model.networks.blazeface import EDITIONS, BlazeFace
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import network_shapes
from harness.model.networks.yolov3 import YoloV3
from harness.model.quantised.fluid_names import conv_inputs
from harness.model.quantised.quantisation import is_output
from harness.model.quantised.scales import scale_names

NAMES = Path(__file__).parents[3] / "oracle" / "quant" / "scale_names.json"
OLD = json.loads(NAMES.read_text(encoding="utf-8"))["networks"]
ALL = "_all"  # outputs quantised too


def network_of(name):
    architecture, _, backbone = name.removesuffix(ALL).partition("_")
    if architecture == "blazeface":
        return BlazeFace(edition=backbone)
    return YoloV3(
        backbone=backbone,
        num_classes=80,
        width=1.0,
        head_channels=pruned_channels("none"),
    )


def test_every_network_has_names_of_the_old_runtime():
    ours = {
        f"{architecture}_{backbone}"
        for architecture, entry in ARCHITECTURES.items()
        for backbone in entry.backbones
        if not backbone.endswith("_obj365")  # another preprocessing of one network
    }

    assert {name.removesuffix(ALL) for name in OLD} == ours
    assert set(EDITIONS) < {one.partition("_")[2] for one in ours}


@pytest.mark.parametrize("name", OLD)
def test_every_scale_is_paired_with_the_convolutions_that_it_belongs_to(name):
    outputs = name.endswith(ALL) or name.startswith("blazeface")
    found = {}
    for one in conv_inputs(network_of(name)):
        if outputs or not is_output(one.weights):
            found.setdefault(f"{one.activation}.scale", []).append(one.weights)

    assert {key: sorted(several) for key, several in found.items()} == {
        key: sorted(several) for key, several in OLD[name]["scales"].items()
    }
    assert scale_names(network_of(name), outputs=outputs) == set(OLD[name]["scales"])


@pytest.mark.parametrize("name", OLD)
def test_a_checkpoint_has_the_counts_of_the_old_runtime(name):
    network = network_of(name)
    files = len(network_shapes(network).variables) + len(OLD[name]["scales"])

    assert files == OLD[name]["files"]  # 286, 342, 459, ...  zoo-spec 2.7


def test_object365_names_its_layers_like_the_other(tiny_network):
    plain = conv_inputs(network_of("yolov3_resnet50_vd_dcn"))

    assert conv_inputs(network_of("yolov3_resnet50_vd_dcn_obj365")) == plain


def test_a_name_does_not_depend_on_the_width(tiny_network):
    assert conv_inputs(tiny_network) == conv_inputs(network_of("yolov3_mobilenet_v1"))


def test_a_network_that_is_simulated_has_the_names_of_the_float_one(tiny_network):
    from harness.model.networks.simulated import SimulatedNetwork

    plain = conv_inputs(tiny_network)
    simulated = SimulatedNetwork(
        network=tiny_network, scales={one.weights: 1.0 for one in plain}
    )

    assert conv_inputs(simulated) == plain
