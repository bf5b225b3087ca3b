"""Trained weights to start from: a backbone in, its archive out.

From random weights no two runtimes agree for long, and the demo's networks are too
wide: ten steps of one would be 15 MB. So narrow ones are trained here, from a seed, by
Adam, their loss halved.
Steps on another processor end elsewhere, so the archives are made on demand and then
taken as they are, like any download.
"""

from functools import partial
from pathlib import Path

import numpy as np
import paddle.fluid as fluid
import train_losses
from fluid_yolov3 import PLANS, build_network, persistables
from network_outputs import save_archive
from old_runtime import start_executor
from quant_models import round_weights
from seeded_weights import HeadSpread, Spread, fill_scope, normalise
from train_program import BN_MOMENTUM, WIDTH, use_momentum
from train_scenes import MAX_BOXES, NUM_CLASSES, SIZE_PX, draw_batch

SEED = 20200121
#: Deformable convolutions are slow: the same time for fewer steps.
STEPS = {"mobilenet_v1": 1200, "resnet34": 1200, "resnet50_vd_dcn": 500}
BATCH, RATE = 8, 3e-3
SLOW_FROM = 0.75  # of the steps: a tenth of the rate
SPREAD = HeadSpread(
    xy=Spread(0.0, 0.5),
    wh=Spread(0.0, 0.3),
    objectness=Spread(-3.0, 1.0),
    classes=Spread(-1.0, 1.0),
)
BACKBONES = tuple(STEPS)


def start_archive(backbone):
    """Name of the archive of a backbone's start."""
    return "start_{}.tar.gz".format(backbone)


def build(backbone, train=False):
    """The network of a start, unpruned."""
    return build_network(backbone, WIDTH, NUM_CLASSES, PLANS["unpruned"], train=train)


def write_start(backbone, folder, tell):
    """Train one start and write its archive into ``folder``."""
    executor, scope = start_executor(), fluid.Scope()
    fill_scope(
        executor,
        scope,
        partial(build, backbone),
        NUM_CLASSES,
        SPREAD,
        seed=SEED,
        input_px=SIZE_PX,
        num_images=32,
    )
    losses = _train(executor, scope, backbone)
    tell(
        "{}: loss {:.1f} over the first 50 steps, {:.1f} over the last 50".format(
            backbone, np.mean(losses[:50]), np.mean(losses[-50:])
        )
    )
    round_weights(scope, persistables(build(backbone).main))
    archive = Path(folder) / start_archive(backbone)
    save_archive(executor, scope, build(backbone), archive)


def _train(executor, scope, backbone):
    network = build(backbone, train=True)
    use_momentum(network.main, BN_MOMENTUM)
    with fluid.program_guard(network.main, network.startup):
        with fluid.unique_name.guard("training_"):
            losses = train_losses.yolo_loss(
                network.heads,
                fluid.data("gt_box", [None, MAX_BOXES, 4], "float32"),
                fluid.data("gt_label", [None, MAX_BOXES], "int32"),
                fluid.data("gt_score", [None, MAX_BOXES], "float32"),
                NUM_CLASSES,
                label_smooth=False,
            )
            loss = fluid.layers.sum(list(losses.values()))
            slow_from = int(SLOW_FROM * STEPS[backbone])
            rate = fluid.layers.piecewise_decay([slow_from], [RATE, 0.1 * RATE])
            fluid.optimizer.Adam(rate).minimize(loss)
    beside = fluid.Scope()  # the startup must not draw over the weights
    executor.run(network.startup, scope=beside)
    for name in persistables(network.main):
        if scope.find_var(name) is None:
            value = np.array(beside.find_var(name).get_tensor())
            scope.var(name).get_tensor().set(value, fluid.CPUPlace())
    rng, told = np.random.RandomState(SEED + 1), []
    for _ in range(STEPS[backbone]):
        batch = draw_batch(rng, BATCH)
        feed = {
            "image": normalise(batch.images),
            "gt_box": batch.boxes,
            "gt_label": batch.classes,
            "gt_score": batch.scores,
        }
        told.append(
            float(executor.run(network.main, feed, [loss], scope=scope)[0][0])
        )
    return told
