"""The zoo's residual networks: committed at 1/16 width, on demand at full width.

Object365 is ResNet50-vd-dcn on images that are not divided by 255 (zoo-spec 1.2).
"""

from collections import namedtuple
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
from seeded_weights import (
    COARSE_BITS,
    SIGNIFICANT_BITS,
    HeadSpread,
    Spread,
    fill_scope,
    normalise,
    normalise_unscaled,
)
from stable_files import write_npz

SEED = 20200120

#: One archive and what is computed with it.
Golden = namedtuple(
    "Golden",
    "word archive golden backbone plan normalise width num_classes spread sizes_px"
    " calibration_px calibration_images significant_bits",
)

TINY = dict(
    width=1 / 32,
    num_classes=5,
    spread=HeadSpread(
        xy=Spread(0.0, 1.0),
        wh=Spread(0.2, 0.5),
        objectness=Spread(-9.0, 3.0),
        classes=Spread(-3.0, 3.0),
    ),
    sizes_px=(64,),
    calibration_px=96,
    calibration_images=192,
    significant_bits=COARSE_BITS,
)
FULL = dict(
    width=1.0,
    num_classes=80,
    spread=HeadSpread(
        xy=Spread(0.0, 1.0),
        wh=Spread(0.2, 0.5),
        objectness=Spread(-12.0, 4.0),
        classes=Spread(-12.5, 4.0),
    ),
    sizes_px=(608, 416, 320),
    calibration_px=320,
    calibration_images=16,
    significant_bits=SIGNIFICANT_BITS,
)
COMMITTED = (
    Golden(
        word="r34",
        normalise=normalise,
        archive="tiny_yolov3_r34.tar.gz",
        golden="tiny_r34.npz",
        backbone="resnet34",
        plan="unpruned",
        **TINY
    ),
    Golden(
        word="r50vd_dcn",
        normalise=normalise,
        archive="tiny_yolov3_r50vd_dcn_prune578.tar.gz",
        golden="tiny_r50vd_dcn.npz",
        backbone="resnet50_vd_dcn",
        plan="r578",
        **TINY
    ),
    Golden(
        word="r50vd_dcn_obj365",
        normalise=normalise_unscaled,
        archive="tiny_yolov3_r50vd_dcn_obj365.tar.gz",
        golden="tiny_r50vd_dcn_obj365.npz",
        backbone="resnet50_vd_dcn",
        plan="unpruned",
        **TINY
    ),
)
ON_DEMAND = (
    Golden(
        word="r34",
        normalise=normalise,
        archive="yolov3_r34.tar",
        golden="golden_full_r34.npz",
        backbone="resnet34",
        plan="unpruned",
        **FULL
    ),
    Golden(
        word="r50vd_dcn",
        normalise=normalise,
        archive="mirror/PaddleSlim/prune/yolov3_r50_dcn_prune1x.tar",  # zoo-spec 1.1
        golden="golden_full_r50vd_dcn.npz",
        backbone="resnet50_vd_dcn",
        plan="sensity",
        **FULL
    ),
    Golden(
        word="r50vd_dcn_obj365",
        normalise=normalise_unscaled,
        archive="yolov3_r50vd_dcn_obj365_pretrained_coco.tar",  # zoo-spec 3.7
        golden="golden_full_r50vd_dcn_obj365.npz",
        backbone="resnet50_vd_dcn",
        plan="unpruned",
        **FULL
    ),
)


def write_archive(one, folder):
    """Make the weights from the seed and write the archive into ``folder``."""
    executor, scope, build = start_executor(), fluid.Scope(), builder(one)
    fill_scope(
        executor,
        scope,
        build,
        one.num_classes,
        one.spread,
        seed=SEED,
        input_px=one.calibration_px,
        num_images=one.calibration_images,
        significant_bits=one.significant_bits,
        normalise=one.normalise,
    )
    save_archive(executor, scope, build(), Path(folder) / one.archive)


def write_golden(one, archive_folder, folder):
    """Write what the weights of the archive compute into ``folder``."""
    executor, scope, network = start_executor(), fluid.Scope(), builder(one)()
    load_archive(executor, scope, network, Path(archive_folder) / one.archive)
    arrays = outputs_on_scenes(
        executor, scope, network, one.sizes_px, SEED + 1, one.normalise
    )
    write_npz(
        Path(folder) / one.golden,
        without_boxes_and_scores(arrays),
        about(
            "residual_golden.py",
            SEED,
            backbone=one.backbone,
            width=one.width,
            num_classes=one.num_classes,
            plan=one.plan,
            normalise=one.normalise.__name__,
            archive=one.archive,
        ),
    )


def builder(one):
    """``build_network`` with everything given but ``train`` and ``input_px``."""
    plan = PLANS[one.plan]
    return partial(build_network, one.backbone, one.width, one.num_classes, plan)
