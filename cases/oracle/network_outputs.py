"""A filled scope in, its archive and what the old runtime makes of pictures out."""

import tarfile
import tempfile
from pathlib import Path

import numpy as np
import paddle.fluid as fluid
from drawn_images import draw_scene
from old_runtime import split_detections
from seeded_weights import normalise
from stable_files import pack_folder, top_folder

#: Height and width of the pictures the scenes stand for; they need not be square.
IM_SIZES_HW = ((375, 500), (333, 222))


def run_network(executor, scope, network, images, im_size):
    """Compute heads, boxes, scores, detections and their lengths, by name.

    ``images`` is float32 [N, 3, S, S], normalised; ``im_size`` is int32 [N, 2], height
    and width of the original pictures.
    """
    fetched = executor.run(
        network.main,
        feed={"image": images, "im_size": im_size},
        fetch_list=list(network.heads)
        + [network.boxes, network.scores, network.detections],
        scope=scope,
        return_numpy=False,
    )
    detections, lengths = split_detections(fetched[5], len(images))
    arrays = {"head_{}".format(level): np.array(fetched[level]) for level in range(3)}
    arrays.update(
        boxes=np.array(fetched[3]),
        scores=np.array(fetched[4]),
        detections=detections,
        lengths=lengths,
    )
    return arrays


def outputs_on_scenes(
    executor, scope, network, sizes_px, seed, normalise=normalise
):
    """{``<name>_<input px>``: values}: inputs and outputs at each size."""
    rng = np.random.RandomState(seed)
    im_size = np.array(IM_SIZES_HW, dtype=np.int32)
    arrays = {}
    for input_px in sizes_px:
        images = np.stack(
            [draw_scene(rng, input_px, input_px) for _ in IM_SIZES_HW]
        )  # uint8 [N, S, S, 3]
        outputs = run_network(executor, scope, network, normalise(images), im_size)
        outputs.update(images=images, im_size=im_size)
        for name, values in outputs.items():
            arrays["{}_{}".format(name, input_px)] = values
    return arrays


def without_boxes_and_scores(arrays):
    """Leave out what comes before NMS: ``postprocess.npz`` has it, and it is large."""
    return {
        name: values
        for name, values in arrays.items()
        if not name.startswith(("boxes_", "scores_"))
    }


def save_archive(executor, scope, network, archive):
    """``save_persistables``, separate files, packed in the published layout."""
    with tempfile.TemporaryDirectory() as folder:
        with fluid.scope_guard(scope):
            fluid.io.save_persistables(executor, folder, network.main)
        archive.parent.mkdir(parents=True, exist_ok=True)
        pack_folder(folder, archive)


def load_archive(executor, scope, network, archive):
    """Fill ``scope`` from an archive of :func:`save_archive`, by the old loader."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(str(archive)) as tar:
            tar.extractall(folder)
        variables = str(Path(folder) / top_folder(archive))
        with fluid.scope_guard(scope):
            fluid.io.load_persistables(executor, variables, network.main)
