"""PaddleSlim 1.0.1's pruner on trained weights: which channels stay, and what is left.

Whole networks are pruned: the demo's, and the starts of the trainings. The golden holds
the kept output channels of each convolution and a digest of each variable left.
"""

import hashlib
import logging
from collections import namedtuple
from functools import partial
from pathlib import Path

import numpy as np
import paddle.fluid as fluid
import train_starts
from fluid_yolov3 import PLANS, build_network, head_variables, persistables
from network_outputs import load_archive
from old_runtime import about, start_executor
from quant_models import DEMO
from seeded_weights import read_variable
from stable_files import write_npz
from train_program import WIDTH
from train_scenes import NUM_CLASSES

logging.disable(logging.INFO)  # paddleslim tells every variable that it cuts
from paddleslim.prune import Pruner  # noqa: E402

GOLDEN = "pruned.npz"
PLAN_NAMES = ("r578", "sensity")

#: A trained network to prune; ``path(folder of the starts)`` is its archive.
Source = namedtuple("Source", "backbone width path")

SOURCES = {
    "demo": Source(
        "mobilenet_v1", 1 / 8, lambda _: DEMO / "demo_yolov3_mobilenet_v1.tar"
    )
}
SOURCES.update(
    (
        backbone,
        Source(
            backbone,
            WIDTH,
            lambda folder, backbone=backbone: Path(folder)
            / train_starts.start_archive(backbone),
        ),
    )
    for backbone in train_starts.BACKBONES
)


def read_archive(backbone, width, archive):
    """{name: values} of an unpruned network's archive, as the old runtime reads it."""
    executor, scope = start_executor(), fluid.Scope()
    network = build_network(backbone, width, NUM_CLASSES, PLANS["unpruned"])
    load_archive(executor, scope, network, archive)
    return {name: read_variable(scope, name) for name in persistables(network.main)}


def prune(backbone, width, weights, plan):
    """{name: values} that are left of ``weights``, shapes as planned (zoo-spec 4.2)."""
    _refuse_ties(weights, plan)
    network = build_network(backbone, width, NUM_CLASSES, PLANS["unpruned"])
    scope = fluid.Scope()
    for name, values in weights.items():
        scope.var(name).get_tensor().set(values, fluid.CPUPlace())
    Pruner().prune(
        network.main,
        scope,
        params=[stem + ".conv.weights" for stem in PLANS[plan]],
        ratios=list(PLANS[plan].values()),
        place=fluid.CPUPlace(),
    )
    left = {name: read_variable(scope, name) for name in weights}
    planned = persistables(
        build_network(backbone, width, NUM_CLASSES, PLANS[plan]).main
    )
    for name, shape in planned.items():
        assert left[name].shape == shape, (name, left[name].shape, shape)
    return left


def kept_channels(backbone, width, weights, plan):
    """{convolution: indices of the output channels that stay, in their order}.

    The pruner does not tell them. So each channel's mean becomes its own index: means
    follow their channel, and no channel is chosen by them.
    """
    numbered = dict(weights)
    means = {stem: head_variables(stem)["mean"] for stem in PLANS[plan]}
    for mean in means.values():
        numbered[mean] = np.arange(len(weights[mean]), dtype=np.float32)
    left = prune(backbone, width, numbered, plan)
    return {stem: left[mean].astype(np.int32) for stem, mean in means.items()}


def _refuse_ties(weights, plan):
    """Two channels of one sum are ordered by numpy's sort alone: say so, and stop."""
    for stem, ratio in PLANS[plan].items():
        sums = np.sort(np.abs(weights[stem + ".conv.weights"]).sum((1, 2, 3)))
        cut = int(round(len(sums) * ratio))
        if sums[cut - 1] == sums[cut]:
            raise ValueError(stem + ": the last channel cut ties with the first kept")


def write_pruned(starts, folder):
    """Write the golden of every source and plan into ``folder``."""
    arrays, digests = {}, {}
    for word, source in sorted(SOURCES.items()):
        weights = read_archive(source.backbone, source.width, source.path(starts))
        for plan in PLAN_NAMES:
            one = partial(prune, source.backbone, source.width)
            digests["{}.{}".format(word, plan)] = {
                name: hashlib.sha256(values.tobytes()).hexdigest()
                for name, values in one(weights, plan).items()
                if values.shape != weights[name].shape
            }
            kept = kept_channels(source.backbone, source.width, weights, plan)
            for stem, channels in kept.items():
                arrays["{}.{}.{}".format(word, plan, stem)] = channels
    write_npz(
        Path(folder) / GOLDEN,
        arrays,
        about(
            "train_prune.py",
            train_starts.SEED,
            num_classes=NUM_CLASSES,
            sources={
                word: {
                    "backbone": source.backbone,
                    "width": source.width,
                    "archive": source.path("").name,
                }
                for word, source in SOURCES.items()
            },
            sha256=digests,
            paddleslim="1.0.1",
        ),
    )
