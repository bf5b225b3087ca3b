"""A training as a program of the old runtime: network, teacher, losses, step.

The optimiser is the published one (zoo-spec 5.1): Momentum without Nesterov, L2 on
convolution weights only, linear warm-up from 0, piecewise rates, BN momentum 0.9.
"""

from collections import OrderedDict, namedtuple

import paddle.fluid as fluid
import train_losses
from fluid_yolov3 import PLANS, STRIDES_PX, build_network
from train_scenes import MAX_BOXES, NUM_CLASSES, SIZE_PX

MOMENTUM, WEIGHT_DECAY, BN_MOMENTUM = 0.9, 5e-4, 0.9  # zoo-spec 5.1
RATE, WARMUP_STEPS, MILESTONE = 1e-3, 5, 8  # rates of ten steps, in small
WIDTH = 1 / 32
TEACHER = "teacher_"  # zoo-spec 4.3

#: What the optimiser calls a parameter's velocity.
VELOCITY = "training_{}_velocity_0"

#: ``losses`` are scalars by name, ``loss`` is their sum.
Training = namedtuple("Training", "main startup heads teachers losses loss rate")
#: A kind's losses alone, of heads that are fed: head_L, and teacher_head_L to distil.
Losses = namedtuple("Losses", "main losses gradients")


def build_training(kind, scope):
    """Build the program of one kind of training (``KINDS`` of train_steps).

    To distil, the teacher's weights must be in ``scope``; they get their prefix there.
    """
    network = build_network(
        kind.backbone,
        WIDTH,
        NUM_CLASSES,
        PLANS[kind.plan],
        train=True,
        input_px=SIZE_PX,
    )
    use_momentum(network.main, BN_MOMENTUM)
    teachers = _merge_teacher(network.main, scope) if kind.distil else []
    with fluid.program_guard(network.main, network.startup):
        with fluid.unique_name.guard("training_"):
            losses = _losses(kind, network.heads, teachers)
            total = fluid.layers.sum(list(losses.values()))
            _decay_convolutions(network.main)
            rate = _rate()
            fluid.optimizer.Momentum(rate, momentum=MOMENTUM).minimize(total)
    return Training(
        network.main, network.startup, network.heads, teachers, losses, total, rate
    )


def build_losses(kind, gradient_of):
    """Build a program from fed heads to the losses of ``kind``, with one's gradient.

    ``gradient_of`` starts the names of the losses whose sum is differentiated, so
    ``yolo`` is that of all levels. There is one gradient a program: fluid joins them.
    """
    main = fluid.Program()
    with fluid.program_guard(main, fluid.Program()), fluid.unique_name.guard():
        heads, teachers = [], []
        for level, stride in enumerate(STRIDES_PX):
            side = SIZE_PX // stride
            shape = [None, 3 * (5 + NUM_CLASSES), side, side]
            heads.append(fluid.data("head_{}".format(level), shape, "float32"))
            heads[-1].stop_gradient = False
            if kind.distil:
                name = "teacher_head_{}".format(level)
                teachers.append(fluid.data(name, shape, "float32"))
        losses = _losses(kind, heads, teachers)
        summed = fluid.layers.sum(
            [one for name, one in losses.items() if name.startswith(gradient_of)]
        )
        gradients = fluid.gradients(summed, heads)
    return Losses(main, losses, gradients)


def use_momentum(program, momentum):
    """Set how much of a BN's statistics each step keeps."""
    for op in program.global_block().ops:
        if op.type == "batch_norm":
            op._set_attr("momentum", momentum)


def _merge_teacher(main, scope):
    """Merge a frozen YOLOv3-ResNet34 by PaddleSlim, on the same images."""
    from paddleslim.dist import merge

    teacher = build_network(
        "resnet34", WIDTH, NUM_CLASSES, {}, train=True, input_px=SIZE_PX
    )
    with fluid.scope_guard(scope):
        # clones it for testing: its BN uses the trained statistics (zoo-spec 4.3)
        merge(teacher.main, main, {"image": "image"}, fluid.CPUPlace(), scope)
    block = main.global_block()
    return [block.var(TEACHER + head.name) for head in teacher.heads]


def _losses(kind, heads, teachers):
    boxes = fluid.data("gt_box", [None, MAX_BOXES, 4], "float32")
    losses = OrderedDict()
    if kind.loss == "yolo":
        losses.update(
            train_losses.yolo_loss(
                heads,
                boxes,
                fluid.data("gt_label", [None, MAX_BOXES], "int32"),
                fluid.data("gt_score", [None, MAX_BOXES], "float32"),
                NUM_CLASSES,
                kind.label_smooth,
            )
        )
    else:
        targets = [
            fluid.data(
                "target_{}".format(level),
                [None, 3, 6 + NUM_CLASSES] + list(head.shape[2:]),
                "float32",
            )
            for level, head in enumerate(heads)
        ]
        losses.update(
            train_losses.fine_grained_loss(heads, targets, boxes, NUM_CLASSES)
        )
    if kind.distil == "l2":
        losses.update(train_losses.l2_loss(heads, teachers))
    if kind.distil == "split":
        losses.update(train_losses.split_loss(heads, teachers, NUM_CLASSES))
    return losses


def _decay_convolutions(program):
    """Decay the filters, and what upstream left to the optimiser's own decay.

    The bias that steers a deformable convolution had no regulariser of its own there;
    scales, offsets and the biases of outputs are told to have none (zoo-spec 5.1).
    """
    for parameter in program.all_parameters():
        steers = parameter.name.endswith("_conv_offset.b_0")
        if len(parameter.shape) == 4 or steers:
            parameter.regularizer = fluid.regularizer.L2Decay(WEIGHT_DECAY)


def _rate():
    """Warm up from 0, then a tenth from the milestone on; counts steps from 0."""
    rate = fluid.layers.piecewise_decay([MILESTONE], [RATE, 0.1 * RATE])
    return fluid.layers.linear_lr_warmup(rate, WARMUP_STEPS, 0.0, RATE)
