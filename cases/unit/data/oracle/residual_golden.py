"""The zoo's residual networks: committed at 1/16 width, on demand at full width.

Boxes and scores are left out of the goldens: ``tiny_golden.npz`` has them, and they are
not the networks' doing.
"""

from collections import namedtuple
from functools import partial
from pathlib import Path

import paddle.fluid as fluid
from fluid_yolov3 import PLANS, build_network
from network_outputs import load_archive, outputs_on_scenes, save_archive
from old_runtime import about, start_executor
from seeded_weights import SIGNIFICANT_BITS, HeadSpread, Spread, fill_scope
from stable_files import write_npz

SEED = 20200120

#: One archive and what is computed with it.
Golden = namedtuple(
    "Golden",
    "archive golden backbone plan width num_classes spread sizes_px"
    " calibration_px calibration_images significant_bits",
)

TINY = dict(
    width=1 / 16,
    num_classes=5,
    spread=HeadSpread(
        xy=Spread(0.0, 1.0),
        wh=Spread(0.2, 0.5),
        objectness=Spread(-9.0, 3.0),
        classes=Spread(-3.0, 3.0),
    ),
    sizes_px=(96,),
    calibration_px=96,
    calibration_images=192,
    # half of the bytes of a weight are zero then, and compress to nothing
    significant_bits=8,
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
        archive="tiny_yolov3_r34.tar.gz",
        golden="tiny_r34.npz",
        backbone="resnet34",
        plan="unpruned",
        **TINY
    ),
    Golden(
        archive="tiny_yolov3_r50vd_dcn_prune578.tar.gz",
        golden="tiny_r50vd_dcn.npz",
        backbone="resnet50_vd_dcn",
        plan="r578",
        **TINY
    ),
)
ON_DEMAND = (
    Golden(
        archive="yolov3_r34.tar",
        golden="golden_full_r34.npz",
        backbone="resnet34",
        plan="unpruned",
        **FULL
    ),
    Golden(
        archive="mirror/PaddleSlim/prune/yolov3_r50_dcn_prune1x.tar",  # zoo-spec 1.1
        golden="golden_full_r50vd_dcn.npz",
        backbone="resnet50_vd_dcn",
        plan="sensity",
        **FULL
    ),
)


def write_archive(one, folder):
    """Make the weights from the seed and write the archive into ``folder``."""
    executor, scope, build = start_executor(), fluid.Scope(), _builder(one)
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
    )
    save_archive(executor, scope, build(), Path(folder) / one.archive)


def write_golden(one, archive_folder, folder):
    """Write what the weights of the archive compute into ``folder``."""
    executor, scope, network = start_executor(), fluid.Scope(), _builder(one)()
    load_archive(executor, scope, network, Path(archive_folder) / one.archive)
    arrays = outputs_on_scenes(executor, scope, network, one.sizes_px, SEED + 1)
    write_npz(
        Path(folder) / one.golden,
        {
            name: values
            for name, values in arrays.items()
            if not name.startswith(("boxes_", "scores_"))
        },
        about(
            "residual_golden.py",
            SEED,
            backbone=one.backbone,
            width=one.width,
            num_classes=one.num_classes,
            plan=one.plan,
            archive=one.archive,
        ),
    )


def _builder(one):
    plan = PLANS[one.plan]
    return partial(build_network, one.backbone, one.width, one.num_classes, plan)
