"""The same weights in every layout that the old runtime writes, and their golden.

A training checkpoint comes first: its network has 1/16 of the width, 3 classes and r578
shapes, and velocities, counters and a teacher's variable lie beside it. The other
archives hold the network's values alone, loaded from the checkpoint and saved again.
"""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import paddle.fluid as fluid
from fluid_yolov3 import PLANS, build_network
from network_outputs import (
    load_archive,
    outputs_on_scenes,
    save_archive,
    without_boxes_and_scores,
)
from old_runtime import about, start_executor
from saved_layouts import FIXED_INPUT, SAVERS
from seeded_weights import COARSE_BITS, HeadSpread, Spread, fill_scope
from stable_files import pack_folder, write_npz

CHECKPOINT = "layout_training_checkpoint.tar.gz"
GOLDEN = "layout_golden.npz"
WIDTH = 1 / 16
NUM_CLASSES = 3
SEED = 20200121
SIZES_PX = (64, 32)
EXPORTED_PX = 608  # the published exporter fixed its input so
SPREAD = HeadSpread(
    xy=Spread(0.0, 1.0),
    wh=Spread(0.2, 0.5),
    objectness=Spread(-7.0, 3.0),
    classes=Spread(-2.0, 3.0),
)
BUILD = partial(build_network, "mobilenet_v1", WIDTH, NUM_CLASSES, PLANS["r578"])


def write_checkpoint(folder):
    """Make the weights from the seed; save what a training program would have."""
    executor, scope = start_executor(), fluid.Scope()
    weights = fluid.Scope()
    fill_scope(
        executor,
        weights,
        BUILD,
        NUM_CLASSES,
        SPREAD,
        seed=SEED,
        input_px=128,
        num_images=96,
        significant_bits=COARSE_BITS,
    )
    training = _training_network()
    executor.run(training.startup, scope=scope)
    for variable in training.main.list_vars():
        found = weights.find_var(variable.name)
        if fluid.io.is_persistable(variable) and found is not None:
            values = np.array(found.get_tensor())
            scope.find_var(variable.name).get_tensor().set(values, fluid.CPUPlace())
    save_archive(executor, scope, training, Path(folder) / CHECKPOINT)


def write_layouts(checkpoint, folder):
    """Save the network of ``checkpoint`` in every other layout into ``folder``."""
    for archive, layout in LAYOUTS.items():
        executor, scope = start_executor(), fluid.Scope()
        network = BUILD(input_px=EXPORTED_PX if layout == FIXED_INPUT else None)
        load_archive(executor, scope, network, checkpoint)
        with tempfile.TemporaryDirectory() as written, fluid.scope_guard(scope):
            SAVERS[layout](executor, network, written)
            pack_folder(written, Path(folder) / archive)


def write_golden(checkpoint, folder):
    """Write what the weights of ``checkpoint`` compute into ``folder``."""
    executor, scope = start_executor(), fluid.Scope()
    network = BUILD()
    load_archive(executor, scope, network, checkpoint)
    arrays = outputs_on_scenes(executor, scope, network, SIZES_PX, SEED + 1)
    write_npz(
        Path(folder) / GOLDEN,
        without_boxes_and_scores(arrays),
        about(
            "layout_golden.py",
            SEED,
            width=WIDTH,
            num_classes=NUM_CLASSES,
            plan="r578",
            archive=CHECKPOINT,
        ),
    )


def _training_network():
    """A network with the published optimizer, and one variable of a teacher."""
    network = BUILD(train=True)
    with fluid.program_guard(network.main, network.startup):
        with fluid.unique_name.guard("training_"):
            fluid.layers.create_parameter(
                [2, 3, 3, 3],
                "float32",
                "teacher_conv1_weights",
                default_initializer=fluid.initializer.Constant(0.5),
            )
            loss = fluid.layers.sum([fluid.layers.mean(one) for one in network.heads])
            rate = fluid.layers.piecewise_decay([10, 20], [1e-3, 1e-4, 1e-5])
            fluid.optimizer.Momentum(rate, momentum=0.9).minimize(loss)
    return network


#: Archive -> how it is saved.
LAYOUTS = {
    "layout_{}.tar.gz".format(layout): layout
    for layout in (
        "program_separate",
        "program_params",
        "program_weights",
        "combined_file",
        "pdparams",
    )
}
