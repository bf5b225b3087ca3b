"""YOLOv3 as a program of the old runtime, with the zoo's variable names.

In: a backbone, a width multiplier, a number of classes, a pruning plan. Out: a fluid
program whose persistable variables are those of a published archive (zoo-spec 2, 4.2).
"""

from collections import namedtuple

import numpy as np
import paddle.fluid as fluid
from fluid_layers import conv_bn as named_conv_bn
from fluid_mobilenet_v1 import mobilenet_v1
from fluid_resnet34 import resnet34
from fluid_resnet50_vd_dcn import resnet50_vd_dcn

HEAD_CHANNELS = (512, 256, 128)  # zoo-spec 2.4, at width 1
TRANSITION_CHANNELS = (256, 128)  # zoo-spec 2.4, at width 1
HEAD_CONVS = ("0.0", "0.1", "1.0", "1.1", "2", "tip")  # zoo-spec 4.2, in this order
LEAKY_SLOPE = 0.1  # zoo-spec 2.4; fluid's default is 0.02

ANCHORS = (  # zoo-spec 1.3: width, height in pixels of the input
    (10, 13), (16, 30), (33, 23), (30, 61), (62, 45),
    (59, 119), (116, 90), (156, 198), (373, 326),
)  # fmt: skip
ANCHOR_MASKS = ((6, 7, 8), (3, 4, 5), (0, 1, 2))  # zoo-spec 1.3, strides 32, 16, 8
STRIDES_PX = (32, 16, 8)
CONF_THRESHOLD = 0.01  # zoo-spec 1.3
NMS = {  # zoo-spec 1.3
    "score_threshold": 0.01,
    "nms_top_k": 1000,
    "keep_top_k": 100,
    "nms_threshold": 0.45,
    "normalized": False,
    "nms_eta": 1.0,
    "background_label": -1,
}


def plan_of_ratios(ratios_by_level):
    """Spell out six ratios per level as {conv stem: ratio of channels removed}."""
    return {
        "yolo_block.{}.{}".format(level, conv): ratio
        for level, ratios in enumerate(ratios_by_level)
        for conv, ratio in zip(HEAD_CONVS, ratios)
    }


PLANS = {  # zoo-spec 4.2
    "unpruned": {},
    "r578": plan_of_ratios([[0.5] * 6, [0.7] * 6, [0.8] * 6]),
    "sensity": plan_of_ratios(
        [
            [0.1, 0.2, 0.2, 0.2, 0.2, 0.1],
            [0.2, 0.3, 0.3, 0.3, 0.2, 0.1],
            [0.3, 0.4, 0.4, 0.4, 0.4, 0.3],
        ]
    ),
}

#: (image, width, train) -> features C5, C4, C3 at strides 32, 16, 8.
BACKBONES = {
    "mobilenet_v1": mobilenet_v1,
    "resnet34": resnet34,
    "resnet50_vd_dcn": resnet50_vd_dcn,
}
#: A built program and the variables worth fetching from it.
Network = namedtuple("Network", "main startup heads boxes scores detections")


def pruned_channels(channels, ratio):
    """Channels left when ``round(channels * ratio)`` are removed (zoo-spec 4.1)."""
    return channels - int(round(channels * ratio))


def head_variables(stem):
    """Names of a head convolution's variables (zoo-spec 2.4)."""
    return {
        "weights": stem + ".conv.weights",
        "scale": stem + ".bn.scale",
        "offset": stem + ".bn.offset",
        "mean": stem + ".bn.mean",
        "variance": stem + ".bn.var",
    }


def _heads(features, width, num_classes, plan, train):
    """Head tensors [N, 3(5+C), H, W] at strides 32, 16, 8."""

    def conv_bn(x, stem, channels, kernel_px):
        kept = pruned_channels(channels, plan.get(stem, 0.0))
        x = named_conv_bn(x, head_variables(stem), kept, kernel_px, train=train)
        return fluid.layers.leaky_relu(x, alpha=LEAKY_SLOPE)

    heads = []
    x = features[0]
    for level, base in enumerate(HEAD_CHANNELS):
        channels = int(base * width)
        stem = "yolo_block.{}.".format(level)
        x = conv_bn(x, stem + "0.0", channels, 1)
        x = conv_bn(x, stem + "0.1", 2 * channels, 3)
        x = conv_bn(x, stem + "1.0", channels, 1)
        x = conv_bn(x, stem + "1.1", 2 * channels, 3)
        route = conv_bn(x, stem + "2", channels, 1)
        tip = conv_bn(route, stem + "tip", 2 * channels, 3)
        output = "yolo_output.{}.conv.".format(level)
        # the scope is the pattern that quantisation was told to leave out (zoo-spec 4.5)
        with fluid.name_scope("yolo_output"):
            heads.append(
                fluid.layers.conv2d(
                    tip,
                    num_filters=len(ANCHOR_MASKS[level]) * (5 + num_classes),
                    filter_size=1,
                    param_attr=fluid.ParamAttr(name=output + "weights"),
                    bias_attr=fluid.ParamAttr(name=output + "bias"),
                )
            )
        if level < len(TRANSITION_CHANNELS):
            x = conv_bn(
                route,
                "yolo_transition.{}".format(level),
                int(TRANSITION_CHANNELS[level] * width),
                1,
            )
            x = fluid.layers.resize_nearest(x, scale=2.0)
            x = fluid.layers.concat([x, features[level + 1]], axis=1)
    return heads


def level_boxes(head, im_size, level, num_classes):
    """``yolo_box`` of one level: boxes [N, M, 4], scores [N, M, C] (zoo-spec 1.3)."""
    return fluid.layers.yolo_box(
        x=head,
        img_size=im_size,
        anchors=[side for anchor in ANCHOR_MASKS[level] for side in ANCHORS[anchor]],
        class_num=num_classes,
        conf_thresh=CONF_THRESHOLD,
        downsample_ratio=STRIDES_PX[level],
        clip_bbox=True,
    )


def postprocess(heads, im_size, num_classes):
    """Boxes [N, M, 4], scores [N, C, M] and detections of three heads."""
    boxes, scores = [], []
    for level, head in enumerate(heads):
        level_box, level_score = level_boxes(head, im_size, level, num_classes)
        boxes.append(level_box)
        scores.append(fluid.layers.transpose(level_score, perm=[0, 2, 1]))
    all_boxes = fluid.layers.concat(boxes, axis=1)
    all_scores = fluid.layers.concat(scores, axis=2)
    detections = fluid.layers.multiclass_nms(all_boxes, all_scores, **NMS)
    return all_boxes, all_scores, detections


def build_network(backbone, width, num_classes, plan, train=False, input_px=None):
    """Build the program; ``train`` swaps BN to batch statistics and ends at the heads.

    Both kinds name the same variables, so a scope filled by one serves the other.
    ``input_px`` fixes the side of the input, as the published exporter did with 608.
    """
    main, startup = fluid.Program(), fluid.Program()
    detections = boxes = scores = None
    with fluid.program_guard(main, startup), fluid.unique_name.guard():
        image = fluid.data(
            name="image", shape=[None, 3, input_px, input_px], dtype="float32"
        )
        features = BACKBONES[backbone](image, width, train)
        heads = _heads(features, width, num_classes, plan, train)
        if not train:
            im_size = fluid.data(name="im_size", shape=[None, 2], dtype="int32")
            boxes, scores, detections = postprocess(heads, im_size, num_classes)
    return Network(main, startup, heads, boxes, scores, detections)


def persistables(program):
    """{name: shape} of what ``save_persistables`` would write, by name."""
    return {
        variable.name: tuple(variable.shape)
        for variable in sorted(program.list_vars(), key=lambda found: found.name)
        if fluid.io.is_persistable(variable)
    }


#: (backbone, classes, plan) -> persistables, elements at width 1 (zoo-spec 2 and 4.2).
KNOWN_COUNTS = {
    ("mobilenet_v1", 80, "unpruned"): (241, 24609981),
    ("mobilenet_v1", 20, "unpruned"): (241, 24286881),
    ("mobilenet_v1", 80, "r578"): (241, 8016992),
    ("mobilenet_v1", 20, "r578"): (241, 7887392),
    ("mobilenet_v1", 80, "sensity"): (241, 17548482),
    ("mobilenet_v1", 20, "sensity"): (241, 17266782),
    ("resnet34", 80, "unpruned"): (291, 42343101),
    ("resnet34", 20, "unpruned"): (291, 42020001),
    ("resnet50_vd_dcn", 80, "unpruned"): (387, 46023086),
    ("resnet50_vd_dcn", 80, "r578"): (387, 29050193),
    ("resnet50_vd_dcn", 80, "sensity"): (387, 38873523),
}


def count(backbone, num_classes, plan_name):
    """Count persistable variables, and their elements, at width 1."""
    network = build_network(backbone, 1.0, num_classes, PLANS[plan_name])
    shapes = persistables(network.main).values()
    return len(shapes), sum(int(np.prod(shape)) for shape in shapes)
