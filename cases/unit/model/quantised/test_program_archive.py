import shutil
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.fluid.program_desc import (
    Operator,
    float_tensor,
    parse_program,
    write_program,
)
from harness.model.fluid.program_schema import AttributeType
from harness.model.layouts.contract import Stored, WeightSource
from harness.model.program.traced_program import TracedConv
from harness.model.quantised.program_archive import (
    _demand_channel_scales,
    _demand_every_conv,
    plain_names,
)


def test_weights_held_in_int8_are_float32_under_the_networks_name(first_archive):
    opened = first_archive("blazeface", "frozen").open()

    held = {name for name in opened.weights if name.endswith(".int8")}
    assert len(held) == 30  # zoo-spec 2.7
    assert {opened.weights[name].dtype for name in held} == {np.dtype(np.float32)}
    assert {one.weights for one in opened.quantisation.convs} == {
        name.removesuffix(".int8") for name in held
    }


def test_without_a_program_no_name_is_made_up():
    stored = Stored(name="w.int8", place="w.int8", read=lambda: np.int8([1]))
    source = WeightSource(stored={"w.int8": stored}, unit="file")

    assert plain_names(source) is source


def test_a_program_with_other_convolutions_is_named(tiny_network):
    traced = TracedConv(
        weights="w", activation=None, activation_scale=None, weight_scale=None
    )

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^convolutions of the program; expected the 50 of the network, got ",
    ):
        _demand_every_conv((traced,), tiny_network)


@pytest.mark.parametrize(
    ("scales", "told"),
    [
        (np.ones(3, np.float32), r"float32 \(3,\)"),
        (np.ones(2, np.float64), r"float64 \(2,\)"),
    ],
)
def test_weight_scales_are_one_float32_number_for_each_channel(scales, told):
    weights = np.ones((2, 1, 3, 3), np.float32)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^weight scales; expected float32 \(2,\), one for each channel, "
        rf"got {told}$",
    ):
        _demand_channel_scales(scales, weights)


def test_a_channel_of_zeros_may_have_the_scale_0():
    weights = np.float32([1, 0, -3]).reshape(3, 1, 1, 1)

    _demand_channel_scales(np.float32([0.5, 0, 2]), weights)
    _demand_channel_scales(np.float32([0.5, 0.1, 2]), weights)


@pytest.mark.parametrize(
    ("scales", "place", "told"),
    [
        ([0.5, 1, 0], 2, r"0\.0"),
        ([0.5, -1, 0], 1, r"-1\.0"),
        ([np.nan, 1, 1], 0, "nan"),
        ([1, np.inf, 1], 1, "inf"),
    ],
)
def test_a_weight_scale_that_scales_nothing_is_named(scales, place, told):
    weights = np.float32([1, 0, -3]).reshape(3, 1, 1, 1)

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^weight scale of channel {place}; expected a finite number above 0, "
        rf"got {told}$",
    ):
        _demand_channel_scales(np.float32(scales), weights)


def quantiser(kind, x, scale=None):
    given, made = (
        ({}, "more.scale") if scale is None else ({"InScale": (scale,)}, scale)
    )
    return Operator(
        kind=kind,
        inputs={"X": (x,), **given},
        outputs={"Out": ("more",), "OutScale": (made,)},
        attributes={"bit_length": 8},
        types={"bit_length": AttributeType.INT},
    )


ACTIVATION = "fake_quantize_moving_average_abs_max"
WEIGHT = "fake_channel_wise_quantize_abs_max"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            quantiser(ACTIVATION, "image", "conv1_weights"),
            r"conv1_weights.*: activation scale; expected one float32 number, got ",
        ),
        (
            replace(
                quantiser(ACTIVATION, "image", "image"),
                outputs={"Out": ("more",), "OutScale": ("more.scale",)},
            ),
            r"^scales and weights that the program makes itself; .* ones, got image$",
        ),
        (
            quantiser(WEIGHT, "image"),
            rf"^{WEIGHT} of image; expected weights of a convolution$",
        ),
        (
            quantiser(WEIGHT, "batch_norm_0.b_0"),
            rf"^{WEIGHT} of batch_norm_0\.b_0; expected weights of a convolution$",
        ),
    ],
)
def test_a_quantiser_that_no_convolution_reads_is_looked_at_too(
    first_archive, tmp_path, more, message
):
    archive = first_archive("blazeface", "post")
    folder = shutil.copytree(archive.folder, tmp_path / "copy")
    desc = parse_program((folder / "__model__").read_bytes())
    *before, fetch = desc.operators
    made = [
        float_tensor(name, (-1, 3, -1, -1), is_persistable=False)
        for name in ("more", "more.scale")
    ]
    changed = replace(
        desc,
        operators=(*before, more, fetch),
        variables={**desc.variables, **{one.name: one for one in made}},
    )
    (folder / "__model__").write_bytes(write_program(changed))

    with pytest.raises(ArchiveUnreadable, match=message):
        archive.open(folder)
