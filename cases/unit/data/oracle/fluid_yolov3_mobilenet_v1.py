"""YOLOv3-MobileNetV1 as a program of the old runtime, with the zoo's variable names.

In: a width multiplier, a number of classes, a pruning plan. Out: a fluid program whose
persistable variables are those of a published archive (zoo-spec 2.1, 2.4, 4.2).
"""

from collections import namedtuple

import numpy as np
import paddle.fluid as fluid

BLOCKS = (  # zoo-spec 2.1: name, out channels at width 1, stride
    ("conv2_1", 64, 1),
    ("conv2_2", 128, 2),
    ("conv3_1", 128, 1),
    ("conv3_2", 256, 2),
    ("conv4_1", 256, 1),
    ("conv4_2", 512, 2),
    ("conv5_1", 512, 1),
    ("conv5_2", 512, 1),
    ("conv5_3", 512, 1),
    ("conv5_4", 512, 1),
    ("conv5_5", 512, 1),
    ("conv5_6", 1024, 2),
    ("conv6", 1024, 1),
)
# Stage outputs, coarse first. C4 is conv4_2, not conv5_5: same shape, other features.
FEATURES = ("conv6", "conv4_2", "conv3_2")  # zoo-spec 2.1
HEAD_CHANNELS = (512, 256, 128)  # zoo-spec 2.4, at width 1
TRANSITION_CHANNELS = (256, 128)  # zoo-spec 2.4, at width 1
HEAD_CONVS = ("0.0", "0.1", "1.0", "1.1", "2", "tip")  # zoo-spec 4.2, in this order
LEAKY_SLOPE = 0.1  # zoo-spec 2.4; fluid's default is 0.02
BN_EPSILON = 1e-5  # zoo-spec 2

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

BACKBONE_NAMES = {  # zoo-spec 2.1
    "weights": "_weights",
    "scale": "_bn_scale",
    "offset": "_bn_offset",
    "mean": "_bn_mean",
    "variance": "_bn_variance",
}
HEAD_NAMES = {  # zoo-spec 2.4
    "weights": ".conv.weights",
    "scale": ".bn.scale",
    "offset": ".bn.offset",
    "mean": ".bn.mean",
    "variance": ".bn.var",
}

#: A built program and the variables worth fetching from it.
Network = namedtuple("Network", "main startup heads boxes scores detections")


def pruned_channels(channels, ratio):
    """Channels left when ``round(channels * ratio)`` are removed (zoo-spec 4.1)."""
    return channels - int(round(channels * ratio))


def _conv_bn(
    x, stem, channels, kernel_px, names, stride=1, groups=1, act=None, train=False
):
    """Convolution without bias, then BN; ``names`` says how both are named."""
    convolved = fluid.layers.conv2d(
        x,
        num_filters=channels,
        filter_size=kernel_px,
        stride=stride,
        padding=kernel_px // 2,
        groups=groups,
        bias_attr=False,
        param_attr=fluid.ParamAttr(name=stem + names["weights"]),
        # off, a convolution of one channel a group is the op depthwise_conv2d
        use_cudnn=groups == 1,
    )
    return fluid.layers.batch_norm(
        convolved,
        act=act,
        is_test=not train,
        # 0: one training pass leaves the statistics of its batch (seeded_weights)
        momentum=0.0 if train else 0.9,
        epsilon=BN_EPSILON,
        param_attr=fluid.ParamAttr(name=stem + names["scale"]),
        bias_attr=fluid.ParamAttr(name=stem + names["offset"]),
        moving_mean_name=stem + names["mean"],
        moving_variance_name=stem + names["variance"],
    )


def _backbone(image, width, train):
    """Features C5, C4, C3 at strides 32, 16, 8."""

    def conv_bn(x, stem, channels, kernel_px, **options):
        return _conv_bn(
            x, stem, channels, kernel_px, BACKBONE_NAMES, act="relu", train=train,
            **options
        )  # fmt: skip

    channels = int(32 * width)
    x = conv_bn(image, "conv1", channels, 3, stride=2)
    features = {}
    for name, base, stride in BLOCKS:
        x = conv_bn(x, name + "_dw", channels, 3, stride=stride, groups=channels)
        channels = int(base * width)
        x = conv_bn(x, name + "_sep", channels, 1)
        features[name] = x
    return [features[name] for name in FEATURES]


def _heads(features, width, num_classes, plan, train):
    """Head tensors [N, 3(5+C), H, W] at strides 32, 16, 8."""

    def conv_bn(x, stem, channels, kernel_px):
        kept = pruned_channels(channels, plan.get(stem, 0.0))
        x = _conv_bn(x, stem, kept, kernel_px, HEAD_NAMES, train=train)
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


def build_network(width, num_classes, plan, train=False, input_px=None):
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
        features = _backbone(image, width, train)
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


#: (classes, plan) -> persistables, elements at width 1 (zoo-spec 2 and 4.2).
KNOWN_COUNTS = {
    (80, "unpruned"): (241, 24609981),
    (20, "unpruned"): (241, 24286881),
    (80, "r578"): (241, 8016992),
    (20, "r578"): (241, 7887392),
    (80, "sensity"): (241, 17548482),
    (20, "sensity"): (241, 17266782),
}


def count(num_classes, plan_name):
    """Count persistable variables, and their elements, at width 1."""
    network = build_network(1.0, num_classes, PLANS[plan_name])
    shapes = persistables(network.main).values()
    return len(shapes), sum(int(np.prod(shape)) for shape in shapes)
