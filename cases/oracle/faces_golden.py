"""BlazeFace archives and what they compute: three editions, narrow or whole.

Pictures have odd sides: rounding up a feature map, and telling rows from columns,
matter to every later number.
"""

from pathlib import Path

import numpy as np
import paddle.fluid as fluid
from drawn_images import draw_scene
from face_weights import fill_scope, normalise
from fluid_blazeface import build_network
from network_outputs import load_archive, save_archive
from old_runtime import about, split_detections, start_executor
from seeded_weights import COARSE_BITS, SIGNIFICANT_BITS
from stable_files import write_npz

GOLDEN = "faces_golden.npz"
FULL_GOLDEN = "faces_full.npz"
SEED = 20200121
WIDTHS = {"original": 1 / 4, "lite": 1 / 4, "nas": 1.0}
FULL_WIDTHS = dict.fromkeys(WIDTHS, 1.0)
#: (height, width) to how many pictures.
PICTURES = {(56, 72): 2, (65, 97): 1}
FULL_PICTURES = {(97, 145): 2, (480, 641): 1}
TINY_NAME = "tiny_blazeface_{}.tar.gz"
FULL_NAME = "blazeface_{}.tar"  # as published
ARCHIVES = tuple(TINY_NAME.format(edition) for edition in WIDTHS)


def write_archives(folder):
    """Make the committed archives in ``folder``."""
    _write_archives(Path(folder), WIDTHS, TINY_NAME, COARSE_BITS)


def write_golden(archives, folder):
    """Write what the weights of the archives in ``archives`` compute."""
    path = Path(folder) / GOLDEN
    _write_golden(Path(archives), path, WIDTHS, TINY_NAME, PICTURES)


def write_full_golden(folder):
    """Write whole archives and what they compute into ``folder``."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write_archives(folder, FULL_WIDTHS, FULL_NAME, SIGNIFICANT_BITS)
    path = folder / FULL_GOLDEN
    _write_golden(folder, path, FULL_WIDTHS, FULL_NAME, FULL_PICTURES)


def _write_archives(folder, widths, archive_name, significant_bits):
    """Make the weights from the seed and write them."""
    for place, (edition, width) in enumerate(widths.items()):
        executor, scope = start_executor(), fluid.Scope()
        fill_scope(
            executor, scope, edition, width,
            seed=SEED + place, size_hw=(96, 128), num_images=48,
            significant_bits=significant_bits,
        )  # fmt: skip
        network = build_network(edition, width)
        save_archive(executor, scope, network, folder / archive_name.format(edition))


def _write_golden(archives, path, widths, archive_name, sizes):
    rng = np.random.RandomState(SEED + len(widths))
    arrays = {}
    pictures = {
        "{}x{}".format(*size): np.stack([draw_scene(rng, *size) for _ in range(count)])
        for size, count in sizes.items()
    }  # uint8 [N, H, W, 3]
    for size, images in pictures.items():
        arrays["images_" + size] = images
    for edition, width in widths.items():
        executor, scope = start_executor(), fluid.Scope()
        network = build_network(edition, width)
        archive = archives / archive_name.format(edition)
        load_archive(executor, scope, network, archive)
        for size, images in pictures.items():
            outputs = _run(executor, scope, network, normalise(images))
            arrays["priors_" + size] = outputs.pop("priors")  # of any edition
            for name, values in outputs.items():
                arrays["{}.{}_{}".format(edition, name, size)] = values
    write_npz(path, arrays, about("faces_golden.py", SEED, widths=widths))


def _run(executor, scope, network, images):
    """Compute all outputs, by name, for float32 [N, 3, H, W], normalised."""
    fetched = executor.run(
        network.main,
        feed={"image": images},
        fetch_list=list(network.heads)
        + [network.priors, network.boxes, network.scores, network.detections],
        scope=scope,
        return_numpy=False,
    )
    detections, lengths = split_detections(fetched[7], len(images))
    arrays = {"head_{}".format(place): np.array(fetched[place]) for place in range(4)}
    arrays.update(
        priors=np.array(fetched[4]),
        boxes=np.array(fetched[5]),
        scores=np.array(fetched[6]),
        detections=detections,
        lengths=lengths,
    )
    return arrays
