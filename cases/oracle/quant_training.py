"""A quantised training of the old runtime: batches in, followed scales in a scope out.

BlazeFace's weights stay: only the scales follow the batches, a training of rate 0.
YOLOv3's are trained on: at its width the largest activations are far from the others,
and the coarse integers cost ten points of AP until the weights are used to them.
"""

import paddle.fluid as fluid
from fluid_yolov3 import ANCHOR_MASKS, ANCHORS, STRIDES_PX, persistables
from old_runtime import start_executor
from quant_models import feed_of, round_weights
from quant_program import quantise

IGNORE_THRESHOLD = 0.7  # zoo-spec 5.1
NUM_CLASSES = 5  # of the demo zoo
MAX_OBJECTS = 7  # in a drawn scene


def build_training(model, rate):
    """A program that ends in a loss and its update, or at ``rate`` 0 at the heads.

    Returns the program, its startup and the names to fetch.
    """
    network = model.build(train=True)
    use_global_statistics(network.main)
    if not rate:
        return network.main, network.startup, [one.name for one in network.heads]
    with fluid.program_guard(network.main, network.startup):
        with fluid.unique_name.guard("training_"):
            boxes = fluid.data("gt_box", [None, MAX_OBJECTS, 4], "float32")
            classes = fluid.data("gt_label", [None, MAX_OBJECTS], "int32")
            losses = [
                fluid.layers.mean(_level_loss(head, boxes, classes, level))
                for level, head in enumerate(network.heads)
            ]
            loss = fluid.layers.sum(losses)
            fluid.optimizer.Adam(rate).minimize(loss)
    return network.main, network.startup, [loss.name]


def use_global_statistics(program):
    """Make each BN of a training program use the trained statistics, and keep them.

    So does the evaluation: the scales are to be those of the activations that it sees.
    """
    for op in program.global_block().ops:
        if op.type == "batch_norm":
            op._set_attr("use_global_stats", True)


def _level_loss(head, boxes, classes, level):
    return fluid.layers.yolov3_loss(
        x=head,
        gt_box=boxes,
        gt_label=classes,
        anchors=[side for anchor in ANCHORS for side in anchor],
        anchor_mask=list(ANCHOR_MASKS[level]),
        class_num=NUM_CLASSES,
        ignore_thresh=IGNORE_THRESHOLD,
        downsample_ratio=STRIDES_PX[level],
        use_label_smooth=False,
    )


def train(model, fill, pixels, skips, rate, epochs):
    """Run the batches; the executor, the filled scope and the training program.

    ``fill(executor, scope)`` sets the weights; they come out with few bits again.
    """
    executor, scope = start_executor(), fluid.Scope()
    program, startup, fetched = build_training(model, rate)
    executor.run(startup, scope=scope)
    fill(executor, scope)
    quantised = quantise(program, scope, skips, for_test=False)
    losses = []
    for _ in range(epochs):
        for place, images_rgb in enumerate(pixels["calibration"]):
            feed = {"image": feed_of(model, images_rgb, [])["image"]}
            if rate:
                feed["gt_box"] = pixels["calibration_boxes"][place]
                feed["gt_label"] = pixels["calibration_classes"][place]
            values = executor.run(quantised, feed=feed, fetch_list=fetched, scope=scope)
            losses.append(float(values[0].mean()))
    if rate:
        round_weights(scope, persistables(model.build().main))
    return executor, scope, quantised, losses
