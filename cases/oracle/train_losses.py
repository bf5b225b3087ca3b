"""The losses of the zoo's trainings as fluid graphs: heads in, named scalars out.

What is not differentiated is read from variables of no gradient: the teacher's heads,
and the boxes that decide which empty cells count.
"""

import paddle.fluid as fluid
from fluid_yolov3 import ANCHOR_MASKS, ANCHORS, STRIDES_PX

IGNORE_THRESHOLD = 0.7  # zoo-spec 5.1
L2_WEIGHT, SPLIT_WEIGHT = 100.0, 1000.0  # zoo-spec 4.3
CORNERS = 2  # of a box: x1, y1 and x2, y2

layers = fluid.layers


def yolo_loss(heads, boxes, classes, scores, num_classes, label_smooth):
    """``yolov3_loss``: mean over images, a scalar for each level (zoo-spec 5.1)."""
    return {
        "yolo_{}".format(level): layers.mean(
            layers.yolov3_loss(
                x=head,
                gt_box=boxes,
                gt_label=classes,
                gt_score=scores,
                anchors=[side for anchor in ANCHORS for side in anchor],
                anchor_mask=list(ANCHOR_MASKS[level]),
                class_num=num_classes,
                ignore_thresh=IGNORE_THRESHOLD,
                downsample_ratio=STRIDES_PX[level],
                use_label_smooth=label_smooth,
            )
        )
        for level, head in enumerate(heads)
    }


def fine_grained_loss(heads, targets, boxes, num_classes):
    """Four scalars, each a sum over levels of a mean over images (zoo-spec 4.4)."""
    parts = {"xy": [], "wh": [], "objectness": [], "classes": []}
    for level, (head, target) in enumerate(zip(heads, targets)):
        x, y, w, h, objectness, classes = _split(head, num_classes, level)
        tx, ty, tw, th, scale, score = (
            _channel(target, place, 2) for place in range(6)
        )
        one_hot = layers.slice(target, [2], [6], [6 + num_classes])
        weight = scale * score
        one_hot.stop_gradient = True
        parts["xy"].append(
            _per_image(_cross_entropy(x, tx) * weight)
            + _per_image(_cross_entropy(y, ty) * weight)
        )
        parts["wh"].append(
            _per_image(layers.abs(w - tw) * weight)
            + _per_image(layers.abs(h - th) * weight)
        )
        of_class = _cross_entropy(classes, one_hot)
        parts["classes"].append(_per_image(_weigh_classes(of_class, score)))
        has_object = layers.cast(score > 0.0, "float32")
        has_object.stop_gradient = True
        empty = (1.0 - has_object) * _counts_when_empty(
            head, boxes, num_classes, level
        )
        empty.stop_gradient = True
        entropy = _cross_entropy(objectness, has_object)
        parts["objectness"].append(
            _per_image(entropy * score) + _per_image(entropy * empty)
        )
    return {
        "fine_" + name: layers.sum([layers.mean(one) for one in levels])
        for name, levels in parts.items()
    }


def l2_loss(heads, teachers):
    """The raw heads' mean squared difference, summed, weighted (zoo-spec 4.3)."""
    levels = [
        layers.mean(layers.square(head - teacher))
        for head, teacher in zip(heads, teachers)
    ]
    return {"distil_l2": L2_WEIGHT * layers.sum(levels)}


def split_loss(heads, teachers, num_classes):
    """Three scalars, each a sum over levels, weighted (zoo-spec 4.3)."""
    parts = {"box": [], "classes": [], "objectness": []}
    for level, (head, teacher) in enumerate(zip(heads, teachers)):
        x, y, w, h, objectness, classes = _split(head, num_classes, level)
        tx, ty, tw, th, tobj, tclasses = _split(teacher, num_classes, level)
        sure = layers.sigmoid(tobj)
        box = (
            _cross_entropy(x, layers.sigmoid(tx))
            + _cross_entropy(y, layers.sigmoid(ty))
            + layers.abs(w - tw)
            + layers.abs(h - th)
        )
        parts["box"].append(layers.mean(box * sure))
        of_class = _cross_entropy(classes, layers.sigmoid(tclasses))
        parts["classes"].append(layers.mean(_weigh_classes(of_class, sure)))
        has_object = layers.cast(tobj > 0.0, "float32")  # the logit (zoo-spec 4.3)
        has_object.stop_gradient = True
        parts["objectness"].append(layers.mean(_cross_entropy(objectness, has_object)))
    return {
        "distil_" + name: SPLIT_WEIGHT * layers.sum(levels)
        for name, levels in parts.items()
    }


def _split(head, num_classes, level):
    """x, y, w, h, objectness [N, 3, G, G] and classes [N, 3, C, G, G] of a raw head."""
    _, _, height, width = head.shape
    apart = layers.reshape(head, [-1, 3, 5 + num_classes, height, width])
    channels = [_channel(apart, place, 2) for place in range(5)]
    return channels + [layers.slice(apart, [2], [5], [5 + num_classes])]


def _channel(x, place, axis):
    return layers.squeeze(layers.slice(x, [axis], [place], [place + 1]), [axis])


def _cross_entropy(logits, labels):
    return layers.sigmoid_cross_entropy_with_logits(logits, labels)


def _weigh_classes(of_class, weight):
    """Multiply each class [N, 3, C, G, G] of a place with its weight [N, 3, G, G]."""
    last = layers.transpose(of_class, [0, 1, 3, 4, 2])
    return layers.elementwise_mul(last, weight, axis=0)


def _per_image(x):
    """Sum all but the first axis: of five axes 1.8.5 sums none on a CPU, silently."""
    return layers.reduce_sum(layers.flatten(x, axis=1), dim=1)


def _counts_when_empty(head, boxes, num_classes, level):
    """1 where no box of the image overlaps the decoded one by more than the threshold.

    ``boxes`` are [N, B, 4], centre and size as shares; the result is [N, 3, G, G].
    """
    _, _, height, width = head.shape
    places, count = 3 * height * width, boxes.shape[1]
    unit = layers.fill_constant_batch_size_like(boxes, [-1, 2], "int32", 1)
    decoded, _ = layers.yolo_box(
        x=head,
        img_size=unit,
        anchors=[side for place in ANCHOR_MASKS[level] for side in ANCHORS[place]],
        class_num=num_classes,
        conf_thresh=0.0,
        downsample_ratio=STRIDES_PX[level],
        clip_bbox=False,
    )  # [N, places, 4]
    centre = layers.slice(boxes, [2], [0], [CORNERS])
    half = 0.5 * layers.slice(boxes, [2], [CORNERS], [2 * CORNERS])
    near, far = centre - half, centre + half

    def of_decoded(place):
        one = layers.slice(decoded, [2], [place], [place + 1])
        return layers.expand(one, [1, 1, count])  # [N, places, B]

    def of_truth(corner, place):
        one = layers.slice(corner, [2], [place], [place + 1])
        return layers.expand(layers.transpose(one, [0, 2, 1]), [1, places, 1])

    sides, of_decoded_sides, of_truth_sides = [], [], []
    for axis in range(CORNERS):
        x1, x2 = of_decoded(axis), of_decoded(axis + CORNERS)
        gx1, gx2 = of_truth(near, axis), of_truth(far, axis)
        shared = layers.elementwise_min(x2, gx2) - layers.elementwise_max(x1, gx1)
        sides.append(layers.relu(shared))
        of_decoded_sides.append(x2 - x1)
        of_truth_sides.append(gx2 - gx1)
    both = sides[0] * sides[1]
    either = (
        of_decoded_sides[0] * of_decoded_sides[1]
        + of_truth_sides[0] * of_truth_sides[1]
        - both
    )
    most = layers.reduce_max(both / either, dim=2)  # [N, places]
    counts = layers.cast(most <= IGNORE_THRESHOLD, "float32")
    return layers.reshape(counts, [-1, 3, height, width])
