"""BlazeFace as programs of the old runtime, in the zoo's three editions.

In: an edition, a width multiplier. Out: a fluid program whose persistable variables are
those of a published archive (zoo-spec 2.5). Convolutions of the backbone are named;
every BN and the four output convolutions get the names that fluid makes up, and so it
is fluid that says what those are.
"""

from collections import namedtuple

import numpy as np
import paddle.fluid as fluid

BN_EPSILON = 1e-5  # zoo-spec 2
MIN_SIZES_PX = ((16.0, 24.0), (32.0, 48.0, 64.0, 80.0, 96.0, 128.0))  # zoo-spec 1.4
STEPS_PX = (8.0, 16.0)  # zoo-spec 1.4
VARIANCES = (0.1, 0.1, 0.2, 0.2)  # zoo-spec 1.4
NUM_CLASSES = 2  # background, face
NMS = {  # zoo-spec 1.4
    "score_threshold": 0.01,
    "nms_top_k": 5000,
    "keep_top_k": 750,
    "nms_threshold": 0.3,
    "normalized": True,
    "nms_eta": 1.0,
    "background_label": 0,
}

#: zoo-spec 2.5, channels at width 1. A single block is (in, out, stride), a double one
#: (in, middle, out, stride), a lite one (name, in, out, stride).
ORIGINAL = {
    "stem": 24,
    "single": ((24, 24, 1), (24, 24, 1), (24, 48, 2), (48, 48, 1), (48, 48, 1)),
    "double": (
        (48, 24, 96, 2), (96, 24, 96, 1), (96, 24, 96, 1),
        (96, 24, 96, 2), (96, 24, 96, 1), (96, 24, 96, 1),
    ),
    "features": (2, 5),  # outputs of these double blocks
}  # fmt: skip
NAS = {
    "stem": 12,
    "single": ((12, 12, 1), (12, 12, 2), (12, 12, 1)),
    "double": ((12, 16, 24, 2), (24, 12, 24, 1), (24, 16, 72, 2), (72, 12, 72, 1)),
    "features": (1, 3),
}
LITE_STEM = 24
LITE_BLOCKS = (
    ("conv2", 24, 24, 1),
    ("conv3", 24, 28, 1),
    ("conv4", 28, 32, 2),
    ("conv5", 32, 36, 1),
    ("conv6", 36, 42, 1),
    ("conv7", 42, 48, 2),
    ("conv8", 48, 56, 1),
    ("conv9", 56, 64, 1),
    ("conv10", 64, 72, 1),
    ("conv11", 72, 80, 1),
    ("conv12", 80, 88, 1),
    ("conv13", 88, 96, 2),
    ("conv14", 96, 96, 1),
    ("conv15", 96, 96, 1),
    ("conv16", 96, 96, 1),
    ("conv17", 96, 96, 1),
)
LITE_FEATURES = ("conv12", "conv17")

#: A built program and the variables worth fetching from it. ``heads``: boxes and
#: classes of level 0, then of level 1, as the convolutions give them.
Network = namedtuple("Network", "main startup heads priors boxes scores detections")


class _Layers:
    """Named convolutions and unnamed BNs; ``channels`` are those at width 1."""

    def __init__(self, width, train):
        self.width = width
        self.train = train

    def conv_bn(
        self, x, name, channels, kernel_px, stride=1, act=None, use_cudnn=True
    ):
        count = int(channels * self.width)
        convolved = self._conv(x, name, count, kernel_px, stride, 1, use_cudnn)
        return self._bn(convolved, act)

    def depthwise(self, x, name, kernel_px, stride, use_cudnn):
        count = x.shape[1]
        convolved = self._conv(x, name, count, kernel_px, stride, count, use_cudnn)
        return self._bn(convolved, "relu")

    def _conv(self, x, name, count, kernel_px, stride, groups, use_cudnn):
        return fluid.layers.conv2d(
            x,
            num_filters=count,
            filter_size=kernel_px,
            stride=stride,
            padding=kernel_px // 2,
            groups=groups,
            bias_attr=False,
            param_attr=fluid.ParamAttr(name=name + "_weights"),
            use_cudnn=use_cudnn,
        )

    def _bn(self, convolved, act):
        return fluid.layers.batch_norm(
            convolved,
            act=act,
            is_test=not self.train,
            # 0: one training pass leaves the statistics of its batch (face_weights)
            momentum=0.0 if self.train else 0.9,
            epsilon=BN_EPSILON,
        )

    def shortcut(self, x, name, channels, stride):
        if stride == 2:
            x = fluid.layers.pool2d(
                x, pool_size=2, pool_stride=2, pool_type="max", ceil_mode=True
            )
        return self.conv_bn(x, "shortcut" + name, channels, 1, act="relu")


def _single(layers, x, name, out, stride):
    # cuDNN off: the op is depthwise_conv2d, which has a counter of its own
    y = layers.depthwise(x, name + "1_dw", 5, stride, use_cudnn=False)
    y = layers.conv_bn(y, name + "1_sep", out, 1)
    if stride == 2:
        x = layers.shortcut(x, name, out, stride)
    return fluid.layers.elementwise_add(x, y, act="relu")


def _double(layers, x, name, middle, out, stride):
    y = layers.depthwise(x, name + "1_dw", 5, stride, use_cudnn=False)
    y = layers.conv_bn(y, name + "1_sep", middle, 1, act="relu")
    y = layers.conv_bn(y, name + "2_dw", middle, 5, act="relu", use_cudnn=False)
    y = layers.conv_bn(y, name + "2_sep", out, 1, act="relu")
    if stride == 2:
        x = layers.shortcut(x, name, out, stride)
    return fluid.layers.elementwise_add(x, y, act="relu")


def _lite(layers, x, name, channels, out, stride):
    y = layers.depthwise(x, name + "_dw", 3, stride, use_cudnn=True)
    y = layers.conv_bn(y, name + "_sep", out, 1, act="relu")
    if channels != out:
        x = layers.shortcut(x, name, out, stride)
    return fluid.layers.elementwise_add(x, y, act="relu")


def _blaze_features(layers, image, edition):
    x = layers.conv_bn(image, "conv1", edition["stem"], 3, stride=2, act="relu")
    for place, (_, out, stride) in enumerate(edition["single"]):
        x = _single(layers, x, "blaze_{}".format(place), out, stride)
    outputs = []
    for place, (_, middle, out, stride) in enumerate(edition["double"]):
        x = _double(layers, x, "double_blaze_{}".format(place), middle, out, stride)
        outputs.append(x)
    return [outputs[place] for place in edition["features"]]


def _lite_features(layers, image):
    x = layers.conv_bn(image, "conv1", LITE_STEM, 5, stride=2, act="relu")
    outputs = {}
    for name, channels, out, stride in LITE_BLOCKS:
        x = _lite(layers, x, name, channels, out, stride)
        outputs[name] = x
    return [outputs[name] for name in LITE_FEATURES]


#: Edition, by the word that rows use for it, to its feature maps.
FEATURES = {
    "original": lambda layers, image: _blaze_features(layers, image, ORIGINAL),
    "lite": _lite_features,
    "nas": lambda layers, image: _blaze_features(layers, image, NAS),
}


def _heads(features):
    heads = []
    for feature, sizes in zip(features, MIN_SIZES_PX):
        for values in (4, NUM_CLASSES):
            heads.append(
                fluid.layers.conv2d(
                    feature, num_filters=values * len(sizes), filter_size=3, padding=1
                )
            )
    return heads


def level_priors(feature, image, level):
    """``prior_box`` of one level: boxes and variances [HWK, 4] (zoo-spec 1.4)."""
    boxes, variances = fluid.layers.prior_box(
        feature,
        image=image,
        min_sizes=list(MIN_SIZES_PX[level]),
        max_sizes=None,
        steps=[STEPS_PX[level]] * 2,
        aspect_ratios=[1.0],
        variance=list(VARIANCES),
        clip=False,
        flip=False,
        offset=0.5,
    )
    return [fluid.layers.reshape(one, [-1, 4]) for one in (boxes, variances)]


def decode(priors, variances, offsets):
    """``box_coder``: boxes [N, M, 4] of priors [M, 4] and offsets [N, M, 4]."""
    return fluid.layers.box_coder(
        prior_box=priors,
        prior_box_var=variances,
        target_box=offsets,
        code_type="decode_center_size",
    )


def suppress(boxes, scores):
    """``multiclass_nms`` of boxes [N, M, 4] and scores [N, C, M] (zoo-spec 1.4)."""
    return fluid.layers.multiclass_nms(boxes, scores, **NMS)


def _flatten(head, values):
    """[N, K * values, H, W] to [N, HWK, values]."""
    return fluid.layers.reshape(
        fluid.layers.transpose(head, [0, 2, 3, 1]), [0, -1, values]
    )


def _postprocess(image, heads):
    priors, variances = (
        fluid.layers.concat(list(levels))
        for levels in zip(
            *[level_priors(heads[2 * level], image, level) for level in range(2)]
        )
    )
    offsets = fluid.layers.concat([_flatten(one, 4) for one in heads[0::2]], axis=1)
    logits = fluid.layers.concat(
        [_flatten(one, NUM_CLASSES) for one in heads[1::2]], axis=1
    )
    boxes = decode(priors, variances, offsets)
    scores = fluid.layers.transpose(fluid.layers.softmax(logits), [0, 2, 1])
    return priors, boxes, scores, suppress(boxes, scores)


def build_network(edition, width, train=False, input_px=None):
    """Build the program; ``train`` swaps BN to batch statistics and ends at the heads.

    Both kinds name the same variables, so a scope filled by one serves the other.
    ``input_px`` fixes the sides of the input.
    """
    main, startup = fluid.Program(), fluid.Program()
    outputs = [None] * 4
    with fluid.program_guard(main, startup), fluid.unique_name.guard():
        image = fluid.data(
            name="image", shape=[None, 3, input_px, input_px], dtype="float32"
        )
        heads = _heads(FEATURES[edition](_Layers(width, train), image))
        if not train:
            outputs = _postprocess(image, heads)
    return Network(main, startup, heads, *outputs)


#: Edition -> persistables, elements, BNs, first output convolution (zoo-spec 2, 2.5).
KNOWN_COUNTS = {
    "original": (198, 202416, 38, "conv2d_27"),
    "lite": (228, 176226, 44, "conv2d_44"),
    "nas": (138, 60012, 26, "conv2d_19"),
}


def count(edition):
    """Count persistable variables, their elements and BNs; name the first output."""
    network = build_network(edition, 1.0)
    shapes = {
        one.name: one.shape
        for one in network.main.list_vars()
        if fluid.io.is_persistable(one)
    }
    outputs = [name for name in shapes if name.startswith("conv2d_")]
    first = min(outputs, key=lambda name: int(name[len("conv2d_") :].split(".")[0]))
    return (
        len(shapes),
        sum(int(np.prod(shape)) for shape in shapes.values()),
        sum(name.endswith(".w_2") for name in shapes),
        first.split(".")[0],
    )
