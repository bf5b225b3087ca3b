"""Every range of the table of operators, from inside and from outside."""

import math

import pytest

from harness.model.fluid.attribute_rules import AttributeRule
from harness.model.fluid.operator_rules import OPERATORS
from harness.model.fluid.program_schema import AttributeType

LISTS = (AttributeType.INTS, AttributeType.FLOATS)
WHOLE = (AttributeType.INT, AttributeType.INTS)
LEAST, MOST = -(2**31), 2**31 - 1

#: Of numbers: the least and the most. Of lists: also the fewest and the most of them.
WINDOW = {"strides": (1, 4, 2, 2), "paddings": (0, 8, 2, 2)}
CONV = {
    **WINDOW,
    "dilations": (1, 4, 2, 2),
    "groups": (1, 65_536),
    "Scale_in": (1, 1),
    "Scale_in_eltwise": (1, 1),
    "Scale_out": (1, 1),
    "Scale_weights": (1, 1, 1, 1),
    "fuse_alpha": (0, 0),
    "fuse_beta": (0, 0),
    "fuse_brelu_threshold": (6, 6),
}
NMS = {
    "background_label": (-1, 65_536),
    "keep_top_k": (-1, 100_000),
    "nms_eta": (0, 1),
    "nms_threshold": (0, 1),
    "nms_top_k": (-1, 100_000),
    "score_threshold": (0, 1),
}
NEAREST = {
    "align_mode": (0, 1),
    "out_d": (-1, -1),
    "out_h": (-1, -1),
    "out_w": (-1, -1),
}
RANGES = {
    "batch_norm": {"epsilon": (0, 0.1), "momentum": (0, 1)},
    "box_coder": {"axis": (0, 1), "variance": (0, 1, 0, 4)},
    "concat": {"axis": (-5, 5)},
    "conv2d": CONV,
    "deformable_conv": {
        **WINDOW,
        "deformable_groups": (1, 16),
        "dilations": (1, 4, 2, 2),
        "groups": (1, 65_536),
        "im2col_step": (1, 64),
    },
    "depthwise_conv2d": CONV,
    "elementwise_add": {
        "Scale_out": (1, 1),
        "Scale_x": (1, 1),
        "Scale_y": (1, 1),
        "axis": (-1, 5),
    },
    "fake_channel_wise_dequantize_max_abs": {"quant_bits": (1, 16, 1, 2)},
    "fake_channel_wise_quantize_abs_max": {"bit_length": (1, 16)},
    "fake_dequantize_max_abs": {"max_range": (1, 65_536)},
    "fake_quantize_moving_average_abs_max": {
        "bit_length": (1, 16),
        "moving_rate": (0, 1),
    },
    "fake_quantize_range_abs_max": {
        "bit_length": (1, 16),
        "window_size": (1, 100_000),
    },
    "feed": {"col": (0, 1)},
    "fetch": {"col": (0, 15)},
    "leaky_relu": {"alpha": (0, 1)},
    "multiclass_nms": NMS,
    "multiclass_nms2": NMS,
    "multiclass_nms3": NMS,
    "nearest_interp": {**NEAREST, "scale": (1, 4)},
    "nearest_interp_v2": {**NEAREST, "scale": (1, 4, 2, 2)},
    "pool2d": {**WINDOW, "ksize": (1, 16, 2, 2)},
    "prior_box": {
        "aspect_ratios": (0.01, 100, 1, 8),
        "max_sizes": (1, 65_536, 0, 16),
        "min_sizes": (1, 65_536, 1, 16),
        "offset": (0, 1),
        "step_h": (0, 1024),
        "step_w": (0, 1024),
        "variances": (0, 1, 4, 4),
    },
    "reshape2": {"shape": (-1, MOST, 1, 5)},
    "scale": {"scale": (-1e9, 1e9), "bias": (-1e9, 1e9)},
    "slice": {
        "axes": (0, 5, 1, 5),
        "starts": (LEAST, MOST, 1, 5),
        "ends": (LEAST, MOST, 1, 5),
        "infer_flags": (1, 1, 1, 5),
    },
    "softmax": {"axis": (-1, 5)},
    "split": {"axis": (-1, 5), "num": (0, 16), "sections": (1, 65_536, 0, 16)},
    "stanh": {"scale_a": (-10, 10), "scale_b": (-10, 10)},
    "transpose2": {"axis": (0, 5, 2, 5)},
    "yolo_box": {
        "anchors": (1, 65_536, 2, 18),
        "class_num": (1, 65_536),
        "conf_thresh": (0, 1),
        "downsample_ratio": (1, 128),
        "iou_aware_factor": (0, 1),
        "scale_x_y": (0.1, 10),
    },
}


def is_range(rule: AttributeRule) -> bool:
    return not rule.only and rule.type != AttributeType.BOOLEAN


def around(rule, least, most):
    """Return the ends of a range, and the numbers next to it."""
    if rule.type in WHOLE:
        return (least, most), (least - 1, most + 1)
    return (least, most), (math.nextafter(least, -math.inf), math.nextafter(most, 1e99))


def test_every_range_of_the_table_is_looked_at():
    assert {
        kind: {name for name, one in rule.attributes.items() if is_range(one)}
        for kind, rule in OPERATORS.items()
        if any(map(is_range, rule.attributes.values()))
    } == {kind: set(ranges) for kind, ranges in RANGES.items()}


@pytest.mark.parametrize("kind", RANGES)
def test_a_value_is_allowed_to_the_ends_of_its_range_and_no_further(kind):
    for name, (least, most, *counts) in RANGES[kind].items():
        rule = OPERATORS[kind].attributes[name]
        assert (rule.type in LISTS) == bool(counts), name
        inside, outside = around(rule, least, most)
        count = max(counts[0], 1) if counts else 1
        for value in inside:
            assert rule.allows((value,) * count if counts else value), name
        for value in outside:
            changed = (*((least,) * (count - 1)), value)
            assert not rule.allows(changed if counts else value), name


@pytest.mark.parametrize("kind", RANGES)
def test_a_list_is_allowed_from_its_fewest_to_its_most(kind):
    for name, (least, _, *counts) in RANGES[kind].items():
        rule = OPERATORS[kind].attributes[name]
        for fewest, most in [counts] if counts else ():
            assert rule.allows((least,) * fewest), name
            assert rule.allows((least,) * most), name
            assert not rule.allows((least,) * (most + 1)), name
            assert fewest == 0 or not rule.allows((least,) * (fewest - 1)), name


@pytest.mark.parametrize("kind", OPERATORS)
def test_a_choice_of_yes_and_no_has_no_third(kind):
    for name, rule in OPERATORS[kind].attributes.items():
        if rule.type == AttributeType.BOOLEAN:
            assert any(map(rule.allows, (False, True))), name
            assert not any(map(rule.allows, (-1, 2))), name
