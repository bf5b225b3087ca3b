import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.layouts.contract import Stored, WeightSource
from harness.model.networks.shapes import network_shapes
from harness.model.quantised.scales import (
    found_scales,
    known_scales,
    read_scales,
    scale_names,
)

OUTPUTS = [f"leaky_relu_{k}.tmp_0.scale" for k in (5, 12, 19)]  # zoo-spec 2.7


@pytest.fixture
def scales(tiny_network):
    """A sound scale for every name, those of the outputs too."""
    names = sorted(scale_names(tiny_network, outputs=True))
    return {name: np.float32([1 + place]) for place, name in enumerate(names)}


@pytest.fixture
def read(tiny_network):
    """Read scales as those of ``tiny_network``."""
    variables = network_shapes(tiny_network).variables

    def from_arrays(arrays):
        source = WeightSource(
            stored={
                name: Stored(name=name, place=name, read=lambda one=one: one)
                for name, one in arrays.items()
            },
            unit="file",
        )
        return read_scales(source, tiny_network, variables)

    return from_arrays


def body(scales):
    return {name: one for name, one in scales.items() if name not in OUTPUTS}


def test_outputs_without_scales_stay_in_float(read, scales):
    found = read(body(scales))

    assert len(found.convs) == 47
    assert found.float_convs == tuple(
        f"yolo_output.{level}.conv.weights" for level in range(3)
    )


def test_outputs_with_scales_are_quantised(read, scales):
    found = read(scales)

    assert len(found.convs) == 50
    assert found.float_convs == ()


def test_a_convolution_gets_the_scale_of_what_it_reads(read, scales):
    found = read(scales).scales()

    assert found["conv1_weights"] == scales["image.scale"]
    assert found["conv2_1_dw_weights"] == scales["batch_norm_0.tmp_3.scale"]
    route = scales["leaky_relu_4.tmp_0.scale"]  # zoo-spec 2.7: tip and transition
    assert found["yolo_block.0.tip.conv.weights"] == route
    assert found["yolo_transition.0.conv.weights"] == route


@pytest.mark.parametrize(
    "name", ["image.scale", "concat_1.tmp_0.scale", "batch_norm_26.tmp_3.scale"]
)
def test_a_missing_scale_is_named(name, read, scales):
    left = body(scales)
    del left[name]

    with pytest.raises(
        ArchiveUnreadable,
        match=f"^1 of 45 activation scales have no file; expected {name}, got none$",
    ):
        read(left)


def test_a_scale_under_another_name_is_told_beside_the_missing_one(read, scales):
    left = body(scales)
    left["batch_norm_3.tmp_4.scale"] = left.pop("batch_norm_3.tmp_3.scale")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"have no file; expected batch_norm_3\.tmp_3\.scale, "
        r"got files of no activation: batch_norm_3\.tmp_4\.scale$",
    ):
        read(left)


def test_a_scale_that_no_convolution_reads_is_named(read, scales):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^1 activation scales that no convolution reads; expected 45 scales, "
        r"got relu_7\.tmp_0\.scale$",
    ):
        read({**body(scales), "relu_7.tmp_0.scale": np.float32([1])})


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_are_quantised_all_or_none(name, read, scales):
    others = ", ".join(one for one in sorted(OUTPUTS) if one != name)

    with pytest.raises(
        ArchiveUnreadable,
        match=f"^2 of 48 activation scales have no file; expected {others}, got none$",
    ):
        read({**body(scales), name: scales[name]})


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, -np.inf])
def test_a_scale_that_is_no_positive_finite_number_is_named(value, read, scales):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^image\.scale: activation scale; expected a finite number above 0, got",
    ):
        read({**body(scales), "image.scale": np.float32([value])})


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (np.float32([1, 2]), r"float32 of shape \(2,\)"),
        (np.float32(1), r"float32 of shape \(\)"),
        (np.float64([1]), r"float64 of shape \(1,\)"),
    ],
)
def test_a_scale_is_one_float32_number(value, told, read, scales):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^image\.scale: activation scale; expected one float32 number, "
        rf"got {told}$",
    ):
        read({**body(scales), "image.scale": value})


def broken():
    raise ArchiveUnreadable("no tensor")


def test_a_file_is_a_scale_only_as_a_tensor_of_a_known_name(tiny_network):
    """A float archive with files named ``*.scale`` beside it is a float archive."""
    held = {
        "image.scale": lambda: np.float32([1]),
        "batch_norm_3.tmp_3.scale": broken,
        "notes.scale": broken,
        "of_another_network.scale": lambda: np.float32([1]),
    }
    source = WeightSource(
        stored={
            name: Stored(name=name, place=name, read=read)
            for name, read in held.items()
        },
        unit="file",
    )

    assert known_scales(source, tiny_network) == ["image.scale"]
    assert found_scales(source, tiny_network, ()) == [
        "batch_norm_3.tmp_3.scale",  # of the network: that it is damaged is told
        "image.scale",
        "of_another_network.scale",  # told as one that no convolution reads
    ]


@pytest.mark.parametrize("name", ["image.scale", OUTPUTS[0]])
def test_a_damaged_scale_of_the_network_counts_as_one(tiny_network, name):
    def damaged():
        raise ArchiveUnreadable("damaged")

    stored = {name: Stored(name=name, place=name, read=damaged)}
    source = WeightSource(stored=stored, unit="file")

    assert found_scales(source, tiny_network, ()) == [name]


def test_variables_and_a_teachers_are_no_scales(tiny_network):
    variables = network_shapes(tiny_network).variables
    arrays = (*variables, "teacher_yolo_block.0.2.bn.scale", "image.scale", "state_0")
    source = WeightSource(
        stored={
            name: Stored(name=name, place=name, read=lambda: np.float32([1]))
            for name in arrays
        },
        unit="file",
    )

    assert found_scales(source, tiny_network, variables) == ["image.scale"]
