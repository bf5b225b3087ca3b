import math
from fractions import Fraction

import numpy as np
import pytest

from harness.model.fluid.lod_tensor import tensor_record
from harness.model.layouts.separate_files import write_weights
from harness.model.networks.pruned_channels import pruned_channels
from harness.model.networks.shapes import Feature, ShapeOps, network_shapes
from harness.model.networks.yolov3 import YoloV3

CLASSES = {"coco": 80, "voc": 20}
BLOCK_BYTES = 4096
#: Number of names in a folder -> what its own entry takes.  # zoo-spec 3.4
FOLDER_ENTRY_BYTES = {241: 12 * 1024, 387: 16 * 1024}


def shapes_of(dataset, pruning, width=1.0, backbone="mobilenet_v1"):
    return network_shapes(
        YoloV3(
            backbone=backbone,
            num_classes=CLASSES[dataset],
            width=width,
            head_channels=pruned_channels(pruning, width),
        )
    )


def record_bytes(shape):
    """Length of a float32 record, without its data being made."""
    dims = sum(1 + max(1, math.ceil(side.bit_length() / 7)) for side in shape)
    return 4 + 8 + 4 + 4 + 2 + dims + 4 * math.prod(shape)


@pytest.mark.parametrize(
    ("backbone", "dataset", "pruning", "elements"),
    [
        ("mobilenet_v1", "coco", "none", 24_609_981),
        ("mobilenet_v1", "voc", "none", 24_286_881),
        ("mobilenet_v1", "coco", "prune_r578", 8_016_992),
        ("mobilenet_v1", "coco", "prune_sensity", 17_548_482),
        ("mobilenet_v1", "voc", "prune_r578", 7_887_392),
        ("mobilenet_v1", "voc", "prune_sensity", 17_266_782),
        ("resnet34", "coco", "none", 42_343_101),
        ("resnet34", "voc", "none", 42_020_001),
        ("resnet50_vd_dcn", "coco", "none", 46_023_086),
        ("resnet50_vd_dcn", "coco", "prune_r578", 29_050_193),
        ("resnet50_vd_dcn", "coco", "prune_sensity", 38_873_523),
        ("resnet50_vd_dcn_obj365", "coco", "none", 46_023_086),
    ],
)  # zoo-spec 2, 4.2
def test_the_network_has_the_published_elements(backbone, dataset, pruning, elements):
    shapes = shapes_of(dataset, pruning, backbone=backbone)

    assert shapes.elements == elements


@pytest.mark.parametrize(
    ("backbone", "variables", "trained"),
    [
        ("mobilenet_v1", 241, 147),
        ("resnet34", 291, 177),
        ("resnet50_vd_dcn", 387, 237),
        ("resnet50_vd_dcn_obj365", 387, 237),
    ],
)  # zoo-spec 2, 2.6
def test_what_gets_a_gradient_is_what_has_a_velocity_upstream(
    backbone, variables, trained
):
    found = shapes_of("coco", "none", backbone=backbone).variables.values()

    assert len(found) == variables
    assert sum(one.is_trained for one in found) == trained


@pytest.mark.parametrize(
    ("backbone", "in_weights", "in_vectors"),
    [
        ("mobilenet_v1", 24_531_648, 78_333),
        ("resnet34", 42_274_240, 68_861),
        ("resnet50_vd_dcn", 45_881_952, 141_134),
    ],
)  # zoo-spec 2
def test_weights_of_convolutions_and_the_rest_have_the_published_counts(
    backbone, in_weights, in_vectors
):
    variables = shapes_of("coco", "none", backbone=backbone).variables.values()
    weights = [one for one in variables if len(one.shape) == 4]
    vectors = [one for one in variables if len(one.shape) == 1]

    assert sum(math.prod(one.shape) for one in weights) == in_weights
    assert sum(one.shape[0] for one in vectors) == in_vectors


@pytest.mark.parametrize("pruning", ["prune_r578", "prune_sensity"])
@pytest.mark.parametrize("backbone", ["mobilenet_v1", "resnet50_vd_dcn"])
def test_pruning_changes_the_shape_of_95_variables(backbone, pruning):
    before, after = (
        shapes_of("coco", one, backbone=backbone) for one in ("none", pruning)
    )
    changed = [
        name
        for name, one in before.variables.items()
        if after.variables[name].shape != one.shape
    ]

    assert len(changed) == 95  # zoo-spec 4.2
    assert not [name for name in changed if not name.startswith("yolo_")]


@pytest.mark.parametrize(
    ("dataset", "pruning", "printed"),
    [
        ("coco", "none", "20.64/9.66/5.72"),
        ("coco", "prune_sensity", "13.57/6.35/3.76"),
        ("coco", "prune_r578", "6.27/2.93/1.74"),
        ("voc", "none", "20.20/9.46/5.60"),
        ("voc", "prune_sensity", "13.22/6.19/3.66"),
        ("voc", "prune_r578", "6.15/2.88/1.70"),
    ],
)  # zoo-spec 6.3
def test_the_work_is_the_published_gflops(dataset, pruning, printed):
    shapes = shapes_of(dataset, pruning)

    gflops = [shapes.multiply_adds(size) / 2**30 for size in (608, 416, 320)]

    assert "/".join(f"{one:.2f}" for one in gflops) == printed


@pytest.mark.parametrize(
    ("pruning", "printed"),
    [("none", "44.71"), ("prune_sensity", "37.53"), ("prune_r578", "29.98")],
)  # zoo-spec 6.3
def test_the_work_as_published_leaves_deformable_convolutions_out(pruning, printed):
    shapes = shapes_of("coco", pruning, backbone="resnet50_vd_dcn")

    assert f"{shapes.multiply_adds(608) / 2**30:.2f}" == printed
    # Three convolutions of 3 x 3 x 512 x 512 at stride 32.
    assert shapes.deformable_multiply_adds(608) == 3 * 9 * 512 * 512 * 19 * 19


@pytest.mark.parametrize("backbone", ["mobilenet_v1", "resnet34"])
def test_a_network_without_deformable_convolutions_costs_what_is_published(backbone):
    assert (
        shapes_of("coco", "none", backbone=backbone).deformable_multiply_adds(608) == 0
    )


@pytest.mark.parametrize(
    ("backbone", "dataset", "pruning", "printed_mb"),
    [
        ("mobilenet_v1", "coco", "none", 94.60),
        ("mobilenet_v1", "coco", "prune_sensity", 67.60),
        ("mobilenet_v1", "coco", "prune_r578", 31.30),
        ("mobilenet_v1", "voc", "none", 93.37),
        ("mobilenet_v1", "voc", "prune_sensity", 66.53),
        ("mobilenet_v1", "voc", "prune_r578", 30.81),
        ("resnet50_vd_dcn", "coco", "none", 176.82),
        ("resnet50_vd_dcn", "coco", "prune_sensity", 149.49),
        ("resnet50_vd_dcn", "coco", "prune_r578", 112.08),
    ],
)  # zoo-spec 3.4
def test_the_files_fill_the_published_folder_size(
    backbone, dataset, pruning, printed_mb
):
    variables = shapes_of(dataset, pruning, backbone=backbone).variables
    blocks = sum(
        math.ceil(record_bytes(one.shape) / BLOCK_BYTES) for one in variables.values()
    )

    entry_bytes = FOLDER_ENTRY_BYTES[len(variables)]
    folder_mib = (blocks * BLOCK_BYTES + entry_bytes) / 2**20

    assert folder_mib == pytest.approx(printed_mb, abs=0.02)


def test_all_records_together_are_as_long_as_the_combined_file():
    variables = shapes_of("coco", "none").variables.values()

    total = sum(record_bytes(one.shape) for one in variables)

    assert total == 98_446_263  # zoo-spec Appendix A


def test_the_length_of_a_record_is_known_without_writing_it(tmp_path):
    shapes = shapes_of("voc", "prune_r578", width=1 / 16)
    write_weights(
        tmp_path,
        {
            name: np.zeros(one.shape, np.float32)
            for name, one in shapes.variables.items()
        },
    )

    for name, one in shapes.variables.items():
        assert (tmp_path / name).stat().st_size == record_bytes(one.shape), name
    assert len(tensor_record(np.zeros((300, 2), np.float32))) == record_bytes((300, 2))


def test_a_convolution_costs_its_outputs_times_its_fan_in():
    ops = ShapeOps()

    out = ops.conv(Feature(3, Fraction(1)), "w", out=8, kernel=3, stride=2)

    assert out == Feature(8, Fraction(1, 2))
    assert ops.variables["w"].shape == (8, 3, 3, 3)
    assert ops.multiply_adds_per_px == Fraction(8 * 3 * 3 * 3, 4)


def test_a_depthwise_convolution_looks_at_one_channel():
    ops = ShapeOps()

    ops.conv(Feature(8, Fraction(1)), "w", out=8, kernel=3, depthwise=True)

    assert ops.variables["w"].shape == (8, 1, 3, 3)
    assert ops.multiply_adds_per_px == 8 * 3 * 3


def test_a_name_cannot_be_used_twice():
    ops = ShapeOps()
    ops.conv(Feature(3, Fraction(1)), "w", out=8, kernel=1)

    with pytest.raises(AssertionError, match="w"):
        ops.conv(Feature(3, Fraction(1)), "w", out=8, kernel=1)


def test_maps_of_different_sides_cannot_be_joined():
    with pytest.raises(AssertionError):
        ShapeOps().concat(Feature(1, Fraction(1, 8)), Feature(1, Fraction(1, 16)))


def test_pooling_divides_the_side_and_costs_nothing():
    ops = ShapeOps()

    out = ops.max_pool(Feature(8, Fraction(1, 2)), kernel=2, stride=2, ceil_mode=True)

    assert out == Feature(8, Fraction(1, 4))
    assert ops.multiply_adds_per_px == 0


def test_a_sum_has_the_shape_of_its_parts():
    one = Feature(8, Fraction(1, 2))

    assert ShapeOps().add(one, one) == one
    with pytest.raises(AssertionError):
        ShapeOps().add(one, Feature(9, Fraction(1, 2)))


def test_a_deformable_convolution_is_counted_apart():
    ops = ShapeOps()
    steering = Feature(27, Fraction(1, 2))

    out = ops.deform_conv(Feature(3, Fraction(1)), steering, "w", out=8, stride=2)

    assert out == Feature(8, Fraction(1, 2))
    assert ops.variables["w"].shape == (8, 3, 3, 3)
    assert ops.multiply_adds_per_px == 0
    assert ops.deformable_multiply_adds_per_px == Fraction(8 * 3 * 3 * 3, 4)


@pytest.mark.parametrize(
    "steering", [Feature(18, Fraction(1, 2)), Feature(27, Fraction(1))]
)
def test_a_deformable_convolution_needs_its_offsets_and_weights_per_point(steering):
    with pytest.raises(AssertionError):
        ShapeOps().deform_conv(Feature(3, Fraction(1)), steering, "w", out=8, stride=2)


def test_a_pool_halves_the_side_and_costs_nothing():
    ops, x = ShapeOps(), Feature(3, Fraction(1))

    pooled = ops.max_pool(x, kernel=3, stride=2), ops.avg_pool(x)

    assert pooled == (Feature(3, Fraction(1, 2)),) * 2
    assert (ops.variables, ops.multiply_adds_per_px) == ({}, 0)


@pytest.mark.parametrize("other", [Feature(2, Fraction(1)), Feature(1, Fraction(1, 2))])
def test_maps_of_different_shapes_cannot_be_added(other):
    assert ShapeOps().add(other, other) == other
    with pytest.raises(AssertionError):
        ShapeOps().add(Feature(1, Fraction(1)), other)
