"""Lists the operators that a program may have, each with its attributes.

They are those of the zoo's networks: as 1.8.5 and PaddleSlim write them, and as 2.6.2
and 3.3.1 export them. The tests have a program that needs each. No operator here names
a file, a place or a socket, holds another block, or makes values out of nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.fluid.attribute_rules import (
    AttributeRule,
    only_bool,
    only_real,
    only_wholes,
    real,
    reals,
    whole,
    wholes,
    words,
    yes_or_no,
)

#: How many variables a parameter takes: the fewest and the most.
Count = tuple[int, int]
ONE: Count = (1, 1)
PERHAPS: Count = (0, 1)  # later exports leave it away: it is for training
SEVERAL: Count = (1, 16)  # 16 maps are more than any of the networks joins

#: The side of a kernel, a stride, a padding; the largest here are 7, 2 and 3.
PAIR: Count = (2, 2)
MAX_STEP, MAX_PADDING, MAX_KERNEL = 4, 8, 16
MAX_AXIS = 5
#: Channels, classes, or a side of a box in pixels.
MAX_SIDE = 65_536
MAX_CHOSEN = 100_000  # boxes of NMS; the published rules keep 5,000 at most
INT32_LEAST, INT32_MOST = -(1 << 31), (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRule:
    """The inputs, outputs and attributes that an operator may have."""

    inputs: Mapping[str, Count]
    outputs: Mapping[str, Count]
    attributes: Mapping[str, AttributeRule]


def _from_x_to_out(**attributes: AttributeRule) -> OperatorRule:
    return OperatorRule(inputs={"X": ONE}, outputs={"Out": ONE}, attributes=attributes)


def _nms(*more: str) -> OperatorRule:
    return OperatorRule(
        inputs={"BBoxes": ONE, "Scores": ONE},
        outputs={"Out": ONE, **dict.fromkeys(more, ONE)},
        attributes={
            "background_label": whole(-1, MAX_SIDE),
            "keep_top_k": whole(-1, MAX_CHOSEN),
            "nms_eta": real(0, 1),
            "nms_threshold": real(0, 1),
            "nms_top_k": whole(-1, MAX_CHOSEN),
            "normalized": yes_or_no(),
            "score_threshold": real(0, 1),
        },
    )


def _nearest(scale: AttributeRule) -> OperatorRule:
    return _from_x_to_out(
        align_corners=yes_or_no(),
        align_mode=whole(0, 1),
        data_layout=words("NCHW"),
        interp_method=words("nearest"),
        out_d=whole(-1, -1),  # the size follows from the scale
        out_h=whole(-1, -1),
        out_w=whole(-1, -1),
        scale=scale,
    )


def _activation_quantiser(**attributes: AttributeRule) -> OperatorRule:
    return OperatorRule(
        inputs={"X": ONE, "InScale": ONE},
        outputs={"Out": ONE, "OutScale": ONE},
        attributes={"bit_length": whole(1, 16), **attributes},
    )


_WINDOW = {
    "strides": wholes(1, MAX_STEP, PAIR),
    "paddings": wholes(0, MAX_PADDING, PAIR),
}
_CONV = OperatorRule(
    inputs={"Input": ONE, "Filter": ONE},
    outputs={"Output": ONE},
    attributes={
        **_WINDOW,
        "dilations": wholes(1, MAX_STEP, PAIR),
        "groups": whole(1, MAX_SIDE),
        "data_format": words("NCHW", "AnyLayout"),
        "padding_algorithm": words("EXPLICIT"),
        # of oneDNN, which sets them itself: nothing is fused or scaled yet
        "Scale_in": only_real(1.0),
        "Scale_in_eltwise": only_real(1.0),
        "Scale_out": only_real(1.0),
        "Scale_weights": reals(1.0, 1.0, ONE),
        "force_fp32_output": only_bool(False),
        "fuse_activation": words(""),
        "fuse_alpha": only_real(0.0),
        "fuse_beta": only_real(0.0),
        "fuse_brelu": only_bool(False),
        "fuse_brelu_threshold": only_real(6.0),
        "fuse_relu": only_bool(False),
        "fuse_relu_before_depthwise_conv": only_bool(False),
        "fuse_residual_connection": only_bool(False),
    },
)

OPERATORS: Mapping[str, OperatorRule] = {
    "batch_norm": OperatorRule(
        inputs=dict.fromkeys(("X", "Scale", "Bias", "Mean", "Variance"), ONE),
        outputs=dict.fromkeys(
            ("Y", "MeanOut", "VarianceOut", "SavedMean", "SavedVariance"), ONE
        ),
        attributes={
            "data_layout": words("NCHW"),
            "epsilon": real(0, 0.1),
            "fuse_with_relu": only_bool(False),
            "momentum": real(0, 1),
            "trainable_statistics": only_bool(False),
            "use_global_stats": yes_or_no(),
        },
    ),
    "box_coder": OperatorRule(
        inputs=dict.fromkeys(("PriorBox", "PriorBoxVar", "TargetBox"), ONE),
        outputs={"OutputBox": ONE},
        attributes={
            "axis": whole(0, 1),
            "box_normalized": yes_or_no(),
            "code_type": words("decode_center_size"),
            "variance": reals(0, 1, (0, 4)),
        },
    ),
    "concat": OperatorRule(
        inputs={"X": SEVERAL},
        outputs={"Out": ONE},
        attributes={"axis": whole(-MAX_AXIS, MAX_AXIS)},
    ),
    "conv2d": _CONV,
    "deformable_conv": OperatorRule(
        inputs=dict.fromkeys(("Input", "Offset", "Mask", "Filter"), ONE),
        outputs={"Output": ONE},
        attributes={
            **_WINDOW,
            "deformable_groups": whole(1, 16),
            "dilations": wholes(1, MAX_STEP, PAIR),
            "groups": whole(1, MAX_SIDE),
            "im2col_step": whole(1, 64),
        },
    ),
    "depthwise_conv2d": _CONV,
    "elementwise_add": OperatorRule(
        inputs={"X": ONE, "Y": ONE},
        outputs={"Out": ONE},
        attributes={
            "Scale_out": only_real(1.0),
            "Scale_x": only_real(1.0),
            "Scale_y": only_real(1.0),
            "axis": whole(-1, MAX_AXIS),
            "x_data_format": words(""),
            "y_data_format": words(""),
        },
    ),
    "fake_channel_wise_dequantize_max_abs": OperatorRule(
        inputs={"X": ONE, "Scales": (1, 2)},
        outputs={"Out": ONE},
        attributes={"quant_bits": wholes(1, 16, (1, 2))},
    ),
    "fake_channel_wise_quantize_abs_max": OperatorRule(
        inputs={"X": ONE},
        outputs={"Out": ONE, "OutScale": ONE},
        attributes={"bit_length": whole(1, 16)},
    ),
    "fake_dequantize_max_abs": OperatorRule(
        inputs={"X": ONE, "Scale": ONE},
        outputs={"Out": ONE},
        attributes={"max_range": real(1, MAX_SIDE)},
    ),
    "fake_quantize_moving_average_abs_max": _activation_quantiser(
        moving_rate=real(0, 1)
    ),
    "fake_quantize_range_abs_max": _activation_quantiser(
        window_size=whole(1, MAX_CHOSEN)
    ),
    "feed": _from_x_to_out(col=whole(0, 1)),
    "fetch": _from_x_to_out(col=whole(0, 15)),
    "leaky_relu": _from_x_to_out(alpha=real(0, 1)),
    "multiclass_nms": _nms(),
    "multiclass_nms2": _nms("Index"),
    "multiclass_nms3": _nms("Index", "NmsRoisNum"),
    "nearest_interp": _nearest(real(1, 4)),
    "nearest_interp_v2": _nearest(reals(1, 4, PAIR)),
    "pool2d": _from_x_to_out(
        **_WINDOW,
        adaptive=only_bool(False),
        ceil_mode=yes_or_no(),
        data_format=words("NCHW", "AnyLayout"),
        exclusive=yes_or_no(),
        global_pooling=only_bool(False),
        ksize=wholes(1, MAX_KERNEL, PAIR),
        padding_algorithm=words("EXPLICIT"),
        pooling_type=words("avg", "max"),
    ),
    "prior_box": OperatorRule(
        inputs={"Input": ONE, "Image": ONE},
        outputs={"Boxes": ONE, "Variances": ONE},
        attributes={
            "aspect_ratios": reals(0.01, 100, (1, 8)),
            "clip": yes_or_no(),
            "flip": yes_or_no(),
            "max_sizes": reals(1, MAX_SIDE, (0, 16)),
            "min_max_aspect_ratios_order": yes_or_no(),
            "min_sizes": reals(1, MAX_SIDE, (1, 16)),
            "offset": real(0, 1),
            "step_h": real(0, 1024),
            "step_w": real(0, 1024),
            "variances": reals(0, 1, (4, 4)),
        },
    ),
    "relu": _from_x_to_out(),
    "reshape2": OperatorRule(
        inputs={"X": ONE},
        outputs={"Out": ONE, "XShape": PERHAPS},
        attributes={"shape": wholes(-1, INT32_MOST, (1, MAX_AXIS))},
    ),
    "scale": _from_x_to_out(
        scale=real(-1e9, 1e9), bias=real(-1e9, 1e9), bias_after_scale=yes_or_no()
    ),
    "sigmoid": _from_x_to_out(),
    "slice": OperatorRule(
        inputs={"Input": ONE},
        outputs={"Out": ONE},
        attributes={
            "axes": wholes(0, MAX_AXIS, (1, MAX_AXIS)),
            "starts": wholes(INT32_LEAST, INT32_MOST, (1, MAX_AXIS)),
            "ends": wholes(INT32_LEAST, INT32_MOST, (1, MAX_AXIS)),
            "decrease_axis": only_wholes(()),
            "infer_flags": wholes(1, 1, (1, MAX_AXIS)),
        },
    ),
    "softmax": _from_x_to_out(
        axis=whole(-1, MAX_AXIS), data_format=words("AnyLayout", "NCHW")
    ),
    "split": OperatorRule(
        inputs={"X": ONE},
        outputs={"Out": SEVERAL},
        attributes={
            "axis": whole(-1, MAX_AXIS),
            "num": whole(0, 16),
            "sections": wholes(1, MAX_SIDE, (0, 16)),
        },
    ),
    "stanh": _from_x_to_out(scale_a=real(-10, 10), scale_b=real(-10, 10)),
    "transpose2": OperatorRule(
        inputs={"X": ONE},
        outputs={"Out": ONE, "XShape": PERHAPS},
        attributes={
            "axis": wholes(0, MAX_AXIS, (2, MAX_AXIS)),
            "data_format": words("AnyLayout", "NCHW"),
        },
    ),
    "yolo_box": OperatorRule(
        inputs={"X": ONE, "ImgSize": ONE},
        outputs={"Boxes": ONE, "Scores": ONE},
        attributes={
            "anchors": wholes(1, MAX_SIDE, (2, 18)),
            "class_num": whole(1, MAX_SIDE),
            "clip_bbox": yes_or_no(),
            "conf_thresh": real(0, 1),
            "downsample_ratio": whole(1, 128),
            "iou_aware": only_bool(False),
            "iou_aware_factor": real(0, 1),
            "scale_x_y": real(0.1, 10),
        },
    ),
}
