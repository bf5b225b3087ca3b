"""The demo zoo's trained networks: an archive in, a filled scope and programs out."""

import tarfile
import tempfile
from collections import namedtuple
from functools import partial
from pathlib import Path

import face_weights
import fluid_blazeface
import numpy as np
import paddle.fluid as fluid
import seeded_weights
from fluid_yolov3 import PLANS, build_network, persistables
from seeded_weights import COARSE_BITS, read_variable, round_significant
from stable_files import top_folder

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "rows" / "demo" / "archives" / "PaddleSlim"

#: ``skip_outputs``: as the published aware archives do (zoo-spec 0.4).
Model = namedtuple("Model", "word archive build feeds normalise skip_outputs")

MODELS = {
    "yolov3": Model(
        word="yolov3",
        archive="demo_yolov3_mobilenet_v1.tar",
        build=partial(build_network, "mobilenet_v1", 1 / 8, 5, PLANS["unpruned"]),
        feeds=("image", "im_size"),
        normalise=seeded_weights.normalise,
        skip_outputs=True,
    ),
    "blazeface": Model(
        word="blazeface",
        archive="demo_blazeface_nas.tar",
        build=partial(fluid_blazeface.build_network, "nas", 1.0),
        feeds=("image",),
        normalise=face_weights.normalise,
        skip_outputs=False,
    ),
}


def load_trained(executor, scope, model):
    """Fill ``scope`` with the trained weights, fewer bits of each."""
    network = model.build()
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(str(DEMO / model.archive)) as tar:
            tar.extractall(folder)
        variables = str(Path(folder) / top_folder(model.archive))
        with fluid.scope_guard(scope):
            fluid.io.load_persistables(executor, variables, network.main)
    round_weights(scope, persistables(network.main))


def round_weights(scope, names):
    """Leave few bits of each value."""
    for name in names:
        tensor = scope.find_var(name).get_tensor()
        tensor.set(_coarse(read_variable(scope, name)), fluid.CPUPlace())


def _coarse(values):
    """Round so that an archive compresses; largest weights of channels stay as trained.

    They become the scales: among 8-bit ones some would be 254 units, and then half of a
    channel's weights lie exactly between two integers, as no trained ones do.
    """
    coarse = round_significant(values, COARSE_BITS)
    if values.ndim != 4:
        return coarse
    largest = np.abs(values).max(axis=(1, 2, 3), keepdims=True)
    coarse = np.clip(coarse, -largest, largest)
    return np.where(np.abs(values) == largest, values, coarse)


def feed_of(model, images_rgb, sizes_hw):
    """What the network is fed for uint8 pictures [N, H, W, 3]."""
    feed = {"image": model.normalise(images_rgb)}
    if "im_size" in model.feeds:
        feed["im_size"] = np.asarray(sizes_hw, dtype=np.int32)
    return feed
