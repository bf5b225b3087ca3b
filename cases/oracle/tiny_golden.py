"""The committed archive and its golden: a 1/8-width network with r578 shapes."""

from functools import partial
from pathlib import Path

import paddle.fluid as fluid
from fluid_yolov3 import PLANS, build_network
from network_outputs import (
    load_archive,
    outputs_on_scenes,
    save_archive,
    without_boxes_and_scores,
)
from old_runtime import about, start_executor
from seeded_weights import COARSE_BITS, HeadSpread, Spread, fill_scope
from stable_files import write_npz

ARCHIVE = "tiny_yolov3_mobilenet_v1_prune578.tar.gz"
GOLDEN = "tiny_golden.npz"
WIDTH = 1 / 8
NUM_CLASSES = 5
SEED = 20200120  # the day of the zoo's edition
SIZES_PX = (96, 64)
SPREAD = HeadSpread(
    xy=Spread(0.0, 1.0),
    wh=Spread(0.2, 0.5),
    objectness=Spread(-9.0, 3.0),
    classes=Spread(-3.0, 3.0),
)
BUILD = partial(build_network, "mobilenet_v1", WIDTH, NUM_CLASSES, PLANS["r578"])


def write_archive(folder):
    """Make the weights from the seed and write the archive into ``folder``."""
    executor, scope = start_executor(), fluid.Scope()
    fill_scope(
        executor,
        scope,
        BUILD,
        NUM_CLASSES,
        SPREAD,
        seed=SEED,
        input_px=128,
        num_images=192,
        significant_bits=COARSE_BITS,
    )
    save_archive(executor, scope, BUILD(), Path(folder) / ARCHIVE)


def write_golden(archive, folder):
    """Write what the weights of ``archive`` compute into ``folder``."""
    executor, scope = start_executor(), fluid.Scope()
    network = BUILD()
    load_archive(executor, scope, network, archive)
    write_npz(
        Path(folder) / GOLDEN,
        without_boxes_and_scores(
            outputs_on_scenes(executor, scope, network, SIZES_PX, SEED + 1)
        ),
        about(
            "tiny_golden.py",
            SEED,
            width=WIDTH,
            num_classes=NUM_CLASSES,
            plan="r578",
            archive=ARCHIVE,
        ),
    )
