"""The six quant-aware checkpoints at full width: a seed in, archives out, on demand.

Random weights prove no AP. They prove that every scale of a checkpoint of that size is
read and paired (zoo-spec 2.7).
"""

import tempfile
from pathlib import Path

import face_weights
import numpy as np
import paddle.fluid as fluid
from drawn_images import draw_scene
from old_runtime import start_executor
from quant_names import NETWORKS, Known
from quant_program import convolutions, quantise
from quant_training import use_global_statistics
from residual_golden import FULL, SEED
from seeded_weights import fill_scope, normalise, normalise_unscaled, read_variable
from stable_files import pack_folder

#: Network -> where a mirror has its archive (zoo-spec 1.1).
ARCHIVES = {
    name: "mirror/PaddleSlim/{}_quant_aware.tar".format(stem)
    for name, stem in (
        ("yolov3_mobilenet_v1", "yolov3_mobilenetv1_coco"),
        ("yolov3_resnet34", "yolov3_r34_coco"),
        ("yolov3_resnet50_vd_dcn", "yolov3_r50vd_dcn_obj365_pretrained_coco"),
        ("blazeface_original", "blazeface_origin"),
        ("blazeface_lite", "blazeface_lite"),
        ("blazeface_nas", "blazeface_nas"),
    )
}
BATCH, STEPS = 2, 3  # the scales follow drawn scenes so long
FACES_HW = (160, 160)


def write_full_quant(folder, progress):
    """Write each archive into ``folder``; refuse other counts than the known ones."""
    for name, (build, skips, known) in NETWORKS.items():
        executor, scope = start_executor(), fluid.Scope()
        images = _fill(executor, scope, name, build)
        network = build(train=True)
        use_global_statistics(network.main)
        training = quantise(network.main, scope, skips, for_test=False)
        evaluation = quantise(build().main, scope, skips, for_test=True)
        heads = [one.name for one in network.heads]
        for batch in images:
            executor.run(training, feed={"image": batch}, fetch_list=heads, scope=scope)
        convs = [one for one in convolutions(evaluation) if one.scale is not None]
        scales = {one.scale for one in convs}
        for scale in sorted(scales):
            value = float(read_variable(scope, scale).reshape(()))
            if not 0.01 < value < np.inf:
                raise ValueError("{}: {} is {}".format(name, scale, value))
        with tempfile.TemporaryDirectory() as written:
            with fluid.scope_guard(scope):
                fluid.io.save_persistables(executor, written, evaluation)
            files = len(list(Path(written).iterdir()))
            got = Known(files, len(convs), len(scales))
            if got != known:
                raise ValueError("{}: expected {}, got {}".format(name, known, got))
            archive = Path(folder) / ARCHIVES[name]
            archive.parent.mkdir(parents=True, exist_ok=True)
            pack_folder(written, archive)
        progress("{}: {}".format(archive.name, got))


def _fill(executor, scope, name, build):
    """Fill the scope; batches float32 [N, 3, S, S] to follow."""
    rng = np.random.RandomState(SEED + 2)
    architecture, _, word = name.partition("_")
    if architecture == "blazeface":
        face_weights.fill_scope(
            executor, scope, word, 1.0, SEED, size_hw=FACES_HW, num_images=BATCH
        )
        size_hw, normal = FACES_HW, face_weights.normalise
    else:
        size_hw = (FULL["calibration_px"],) * 2
        # of the zoo's quantised rows those of R50vd are the object365 ones
        normal = normalise_unscaled if word == "resnet50_vd_dcn" else normalise
        fill_scope(
            executor,
            scope,
            build,
            FULL["num_classes"],
            FULL["spread"],
            seed=SEED,
            input_px=FULL["calibration_px"],
            num_images=8,
            normalise=normal,
        )
    return [
        normal(np.stack([draw_scene(rng, *size_hw) for _ in range(BATCH)]))
        for _ in range(STEPS)
    ]
