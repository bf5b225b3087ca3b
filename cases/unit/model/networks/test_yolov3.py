import pytest

from harness.errors import ArchiveUnreadable
from harness.model.networks.backbones import BACKBONES
from harness.model.networks.blazeface import EDITIONS
from harness.model.networks.shapes import plan_network
from harness.model.networks.yolov3 import demand_network


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_has_a_network(backbone):
    demand_network("yolov3", backbone)


@pytest.mark.parametrize(
    ("architecture", "backbone"),
    [("yolov3", "resnet18"), ("yolov3", "lite"), ("blazeface", "mobilenet_v1")],
)
def test_a_network_that_is_not_built_yet_is_named(architecture, backbone):
    with pytest.raises(
        ArchiveUnreadable,
        match=f"^no network {architecture}-{backbone} in this version; expected .*"
        "yolov3-mobilenet_v1.*; the archive was not downloaded$",
    ):
        demand_network(architecture, backbone)


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_edition_of_blazeface_has_a_network(edition):
    demand_network("blazeface", edition)


def test_the_outputs_hold_three_anchors_of_every_class(tiny_network):
    outputs = []

    plan_network(lambda ops, image: outputs.extend(tiny_network(ops, image)))

    assert [one.channels for one in outputs] == [30, 30, 30]
    assert [1 / one.scale for one in outputs] == [32, 16, 8]
