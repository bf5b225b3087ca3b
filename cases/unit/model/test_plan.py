import math
from fractions import Fraction

import numpy as np
import pytest

from harness.model.fluid_tensor import tensor_record
from harness.model.layouts.separate_files import write_weights
from harness.model.network import Network
from harness.model.plan import Feature, PlanOps, plan_network
from harness.model.shape_plans import planned_channels

CLASSES = {"coco": 80, "voc": 20}
BLOCK_BYTES = 4096
FOLDER_ENTRY_BYTES = 12 * 1024  # of 241 names  # zoo-spec 3.4


def plan_of(dataset, plan, width=1.0):
    return plan_network(
        Network(
            backbone="mobilenet_v1",
            num_classes=CLASSES[dataset],
            width=width,
            head_channels=planned_channels(plan, width),
        )
    )


def record_bytes(shape):
    """Length of a float32 record, without its data being made."""
    dims = sum(1 + max(1, math.ceil(side.bit_length() / 7)) for side in shape)
    return 4 + 8 + 4 + 4 + 2 + dims + 4 * math.prod(shape)


@pytest.mark.parametrize(
    ("dataset", "plan", "elements"),
    [
        ("coco", "none", 24_609_981),
        ("voc", "none", 24_286_881),
        ("coco", "prune_r578", 8_016_992),
        ("coco", "prune_sensity", 17_548_482),
        ("voc", "prune_r578", 7_887_392),
        ("voc", "prune_sensity", 17_266_782),
    ],
)  # zoo-spec 2, 4.2
def test_the_network_has_the_published_variables(dataset, plan, elements):
    planned = plan_of(dataset, plan)

    assert len(planned.variables) == 241
    assert planned.elements == elements


def test_weights_of_convolutions_and_the_rest_have_the_published_counts():
    variables = plan_of("coco", "none").variables.values()
    weights = [one for one in variables if len(one.shape) == 4]

    assert sum(math.prod(one.shape) for one in weights) == 24_531_648  # zoo-spec 2
    assert sum(one.shape[0] for one in variables if len(one.shape) == 1) == 78_333


@pytest.mark.parametrize("plan", ["prune_r578", "prune_sensity"])
def test_pruning_changes_the_shape_of_95_variables(plan):
    before, after = plan_of("coco", "none"), plan_of("coco", plan)
    changed = [
        name
        for name, one in before.variables.items()
        if after.variables[name].shape != one.shape
    ]

    assert len(changed) == 95  # zoo-spec 4.2
    assert not [name for name in changed if not name.startswith("yolo_")]


def test_what_gets_a_gradient_is_what_has_a_velocity_upstream():
    variables = plan_of("coco", "none").variables.values()

    assert sum(one.is_trained for one in variables) == 147  # zoo-spec 2.6


@pytest.mark.parametrize(
    ("dataset", "plan", "printed"),
    [
        ("coco", "none", "20.64/9.66/5.72"),
        ("coco", "prune_sensity", "13.57/6.35/3.76"),
        ("coco", "prune_r578", "6.27/2.93/1.74"),
        ("voc", "none", "20.20/9.46/5.60"),
        ("voc", "prune_sensity", "13.22/6.19/3.66"),
        ("voc", "prune_r578", "6.15/2.88/1.70"),
    ],
)  # zoo-spec 6.3
def test_the_work_is_the_published_gflops(dataset, plan, printed):
    planned = plan_of(dataset, plan)

    gflops = [planned.multiply_adds(size) / 2**30 for size in (608, 416, 320)]

    assert "/".join(f"{one:.2f}" for one in gflops) == printed


@pytest.mark.parametrize(
    ("dataset", "plan", "printed_mb"),
    [
        ("coco", "none", 94.60),
        ("coco", "prune_sensity", 67.60),
        ("coco", "prune_r578", 31.30),
        ("voc", "none", 93.37),
        ("voc", "prune_sensity", 66.53),
        ("voc", "prune_r578", 30.81),
    ],
)  # zoo-spec 3.4
def test_the_files_fill_the_published_folder_size(dataset, plan, printed_mb):
    blocks = sum(
        math.ceil(record_bytes(one.shape) / BLOCK_BYTES)
        for one in plan_of(dataset, plan).variables.values()
    )

    folder_mib = (blocks * BLOCK_BYTES + FOLDER_ENTRY_BYTES) / 2**20

    assert folder_mib == pytest.approx(printed_mb, abs=0.02)


def test_all_records_together_are_as_long_as_the_combined_file():
    variables = plan_of("coco", "none").variables.values()

    total = sum(record_bytes(one.shape) for one in variables)

    assert total == 98_446_263  # zoo-spec Appendix A


def test_the_length_of_a_record_is_known_without_writing_it(tmp_path):
    planned = plan_of("voc", "prune_r578", width=1 / 16)
    write_weights(
        tmp_path,
        {
            name: np.zeros(one.shape, np.float32)
            for name, one in planned.variables.items()
        },
    )

    for name, one in planned.variables.items():
        assert (tmp_path / name).stat().st_size == record_bytes(one.shape), name
    assert len(tensor_record(np.zeros((300, 2), np.float32))) == record_bytes((300, 2))


def test_a_convolution_costs_its_outputs_times_its_fan_in():
    ops = PlanOps()

    out = ops.conv(Feature(3, Fraction(1)), "w", out=8, kernel=3, stride=2)

    assert out == Feature(8, Fraction(1, 2))
    assert ops.variables["w"].shape == (8, 3, 3, 3)
    assert ops.multiply_adds_per_px == Fraction(8 * 3 * 3 * 3, 4)


def test_a_depthwise_convolution_looks_at_one_channel():
    ops = PlanOps()

    ops.conv(Feature(8, Fraction(1)), "w", out=8, kernel=3, depthwise=True)

    assert ops.variables["w"].shape == (8, 1, 3, 3)
    assert ops.multiply_adds_per_px == 8 * 3 * 3


def test_a_name_cannot_be_used_twice():
    ops = PlanOps()
    ops.conv(Feature(3, Fraction(1)), "w", out=8, kernel=1)

    with pytest.raises(AssertionError, match="w"):
        ops.conv(Feature(3, Fraction(1)), "w", out=8, kernel=1)


def test_maps_of_different_sides_cannot_be_joined():
    with pytest.raises(AssertionError):
        PlanOps().concat(Feature(1, Fraction(1, 8)), Feature(1, Fraction(1, 16)))
