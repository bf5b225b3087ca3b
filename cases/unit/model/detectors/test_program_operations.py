"""A program that pairs by name and shape, and still computes something else."""

import re
from dataclasses import replace

import pytest

from harness.errors import ArchiveUnreadable
from harness.model.detectors.blazeface import open_blazeface
from harness.model.detectors.program_operations import NOTES, demand_operations

FIRST = "convolution by conv1_weights, stride {}, padding {}, in {}"


@pytest.fixture(scope="module")
def opened(layout_folder, open_layout):
    """A program of every operation but those of faces, by network."""
    faces = layout_folder("blazeface_nas_program_weights")
    return {
        "mobilenet": open_layout(layout_folder("program_params")),
        "resnet50": open_layout(
            layout_folder("r50vd_dcn_program_params"),
            backbone="resnet50_vd_dcn",
            num_classes=5,
            width=1 / 32,
        ),
        "faces": open_blazeface(faces, edition="nas", width=1.0),
    }


@pytest.mark.parametrize("name", ["mobilenet", "resnet50", "faces"])
def test_the_program_that_was_exported_computes_what_the_network_does(opened, name):
    demand_operations(opened[name].program.operators, opened[name].network)


def changed(operators, kind, **attributes):
    """Return operators, the first of a kind set to something else."""
    place = next(at for at, one in enumerate(operators) if one.kind == kind)
    one = operators[place]
    other = replace(one, attributes={**one.attributes, **attributes})
    return (*operators[:place], other, *operators[place + 1 :])


@pytest.mark.parametrize(
    ("name", "kind", "attributes", "wanted", "got"),
    [
        (
            *("mobilenet", "leaky_relu", {"alpha": 0.2}),
            *("leaky relu of slope 0.1", "leaky relu of slope 0.2"),
        ),
        (
            *("mobilenet", "batch_norm", {"epsilon": 1e-3}),
            *("batch norm by conv1_bn_scale, epsilon 1e-05", "epsilon 0.001"),
        ),
        ("mobilenet", "conv2d", {"strides": (1, 1)}, FIRST.format(2, 1, 1), "stride 1"),
        (
            *("mobilenet", "conv2d", {"paddings": (0, 1)}, FIRST.format(2, 1, 1)),
            "padding (0, 1)",
        ),
        (
            *("mobilenet", "conv2d", {"dilations": (2, 2)}, FIRST.format(2, 1, 1)),
            "in 1, dilated by 2",
        ),
        ("mobilenet", "depthwise_conv2d", {"groups": 1}, "in 2", "in 1"),
        (
            *("mobilenet", "nearest_interp", {"scale": 3.0}),
            *("nearest upsampling by 2.0", "nearest upsampling by 3.0"),
        ),
        ("resnet50", "deformable_conv", {"strides": (1, 1)}, "stride 2", "stride 1"),
        (
            *("resnet50", "pool2d", {"pooling_type": "avg"}),
            *("max pool of 3, stride 2, padding 1", "avg pool of 3, stride 2"),
        ),
        (
            *("resnet50", "pool2d", {"global_pooling": True}),
            *("max pool of 3, stride 2, padding 1", "padding 1 of all"),
        ),
        (
            *("faces", "pool2d", {"ceil_mode": False}),
            *("max pool of 2, stride 2, padding 0, ceiled", "padding 0"),
        ),
    ],
)
def test_an_operation_that_is_set_to_something_else_needs_paddle(
    opened, name, kind, attributes, wanted, got
):
    operators = changed(opened[name].program.operators, kind, **attributes)

    with pytest.raises(
        ArchiveUnreadable,
        match="^this archive is a program that computes something else than our "
        f"network; expected [^;]*{re.escape(wanted)}[^;]*, got [^;]*{re.escape(got)}"
        "[^;]*; "
        "this archive needs Paddle: drop --runtime torch$",
    ):
        demand_operations(operators, opened[name].network)


def test_an_average_that_counts_its_padding_needs_paddle(opened):
    operators = list(opened["resnet50"].program.operators)
    for at, one in enumerate(operators):
        if one.attributes.get("pooling_type") == "avg":
            attributes = {**one.attributes, "exclusive": False}
            operators[at] = replace(one, attributes=attributes)

    with pytest.raises(ArchiveUnreadable, match=r"ceiled with its padding"):
        demand_operations(operators, opened["resnet50"].network)


@pytest.mark.parametrize("kind", sorted(NOTES))
def test_an_operation_that_is_missing_needs_paddle(opened, kind):
    operators = opened["resnet50"].program.operators
    place = next(at for at, one in enumerate(operators) if one.kind == kind)
    fewer = (*operators[:place], *operators[place + 1 :])

    with pytest.raises(ArchiveUnreadable, match=r", got nothing; this"):
        demand_operations(fewer, opened["resnet50"].network)
    with pytest.raises(ArchiveUnreadable, match=r"network; expected nothing, got "):
        demand_operations((*operators, operators[place]), opened["resnet50"].network)
