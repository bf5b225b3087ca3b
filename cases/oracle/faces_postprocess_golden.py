"""Goldens of ``prior_box``, ``box_coder`` and BlazeFace's ``multiclass_nms`` alone.

Three kinds of case, told by the prefix of their keys in the npz:

- ``prior_<case>``: the sides of an image and of a feature map through ``prior_box``.
- ``coder_<case>``: priors and offsets through ``box_coder``.
- ``nms_<case>``: boxes and scores through ``multiclass_nms``.
"""

from pathlib import Path

import numpy as np
import paddle.fluid as fluid
from fluid_blazeface import NMS, VARIANCES, decode, level_priors, suppress
from old_runtime import about, split_detections, start_executor
from postprocess_golden import run_operators
from stable_files import write_npz

GOLDEN = "faces_postprocess.npz"
SEED = 2021
THRESHOLD = np.float32(NMS["score_threshold"])

#: case: level, image height and width, feature map rows and columns
PRIOR_CASES = {
    "appendix": (1, (97, 145), (7, 10)),
    "fine_level": (0, (97, 145), (13, 19)),
    "one_cell": (1, (9, 3), (1, 1)),
    "tall": (0, (64, 8), (8, 1)),
}


def write_postprocess(folder):
    """Write the golden into ``folder``."""
    executor = start_executor()
    rng = np.random.RandomState(SEED)
    arrays = {}
    for case, (level, image_hw, map_hw) in sorted(PRIOR_CASES.items()):
        priors = _run_priors(executor, level, image_hw, map_hw)
        inputs = {"level": level, "image_hw": image_hw, "map_hw": map_hw}
        _add(arrays, "prior_" + case, dict(inputs, priors=priors))
    for case, (priors, offsets) in sorted(_coder_cases(rng).items()):
        boxes = _run_coder(executor, priors, offsets)
        inputs = {"priors": priors, "offsets": offsets}
        _add(arrays, "coder_" + case, dict(inputs, boxes=boxes))
    for case, (boxes, scores) in sorted(_nms_cases(rng).items()):
        rows, lengths = _run_nms(executor, boxes, scores)
        inputs = {"boxes": boxes, "scores": scores}
        _add(arrays, "nms_" + case, dict(inputs, detections=rows, lengths=lengths))
    write_npz(
        Path(folder) / GOLDEN,
        arrays,
        about("faces_postprocess_golden.py", SEED, nms=NMS, variances=VARIANCES),
    )


def _add(arrays, prefix, values_by_name):
    for name, values in values_by_name.items():
        arrays["{}.{}".format(prefix, name)] = np.asarray(values)


# --- the old operators


def _run_priors(executor, level, image_hw, map_hw):
    priors, _ = run_operators(
        executor,
        lambda image, feature: level_priors(feature, image, level),
        {
            "image": np.zeros((1, 3) + image_hw, dtype=np.float32),
            "feature": np.zeros((1, 1) + map_hw, dtype=np.float32),
        },
    )
    return np.array(priors)


def _run_coder(executor, priors, offsets):
    variances = np.tile(np.array(VARIANCES, dtype=np.float32), (len(priors), 1))
    (boxes,) = run_operators(
        executor,
        lambda priors, variances, offsets: [decode(priors, variances, offsets)],
        {"priors": priors, "variances": variances, "offsets": offsets},
    )
    return np.array(boxes)


def _run_nms(executor, boxes, scores):
    (fetched,) = run_operators(
        executor,
        lambda boxes, scores: [suppress(boxes, scores)],
        {"boxes": boxes, "scores": scores},
    )
    return split_detections(fetched, len(boxes))


# --- priors and offsets


def _coder_cases(rng):
    """{case: (priors [M, 4], offsets [N, M, 4])}."""
    corner = rng.uniform(-0.2, 1.0, size=(40, 2))
    side = rng.uniform(0.01, 0.5, size=(40, 2))
    priors = np.concatenate([corner, corner + side], axis=1).astype(np.float32)
    near = rng.standard_normal((2, 40, 4)).astype(np.float32)
    far = (10 * rng.standard_normal((1, 40, 4))).astype(np.float32)
    return {
        "no_offset": (priors, np.zeros((1, 40, 4), dtype=np.float32)),
        "offsets_of_a_trained_network": (priors, near),
        "wild_offsets": (priors, far),
    }


# --- boxes and scores


def _one_picture(boxes, faces, background=None):
    """Boxes [1, M, 4] and scores [1, 2, M] of a single picture."""
    faces = np.asarray(faces, dtype=np.float32)
    background = 1 - faces if background is None else background
    scores = np.stack([background, faces]).astype(np.float32)
    return np.asarray(boxes, dtype=np.float32)[None], scores[None]


def _nms_cases(rng):
    """{case: (boxes [N, M, 4], scores [N, 2, M])}, boxes as shares of the image."""
    corner = rng.uniform(-0.1, 1.0, size=(60, 2))
    crowd = np.concatenate([corner, corner + rng.uniform(0.05, 0.3, (60, 2))], axis=1)
    ties = rng.randint(0, 9, size=60) / np.float32(8)
    return {
        "ties": _one_picture(crowd, ties),
        "background_only": _one_picture(crowd, np.zeros(60)),
        "background_and_face_both_high": _one_picture(
            crowd, rng.uniform(0.1, 0.9, 60), np.full(60, 0.95)
        ),
        "degenerate_boxes": _degenerate(rng),
        "touching_boxes": _touching(),
        "overlap_at_threshold": _overlap_at_threshold(),
        "score_at_threshold": _score_at_threshold(),
        "more_survivors_than_kept": _many_survivors(rng),
    }


def _degenerate(rng):
    corner = rng.uniform(0, 1, size=(24, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0.1, 0.4, (24, 2))], axis=1)
    boxes[0:6, 2] = boxes[0:6, 0] - 0.1  # right of its own right edge
    boxes[6:12, 3] = boxes[6:12, 1]  # without height
    boxes[12:16, 2:] = boxes[12:16, :2]  # a point
    boxes[16:20] = 0
    return _one_picture(boxes, rng.uniform(0.05, 0.95, 24))


def _touching():
    """Neighbours that share an edge, that are apart, and repeats; sides of one."""
    edges = ((0, 1), (1, 2), (2, 3), (4, 5), (4, 5), (6, 6), (6, 6), (6, 7))
    boxes = [(left, 0, right, 1) for left, right in edges]
    return _one_picture(boxes, np.linspace(0.9, 0.2, len(boxes)))


def _overlap_at_threshold():
    """Just under 0.3 is kept and just above dropped; edges have no width.

    With edges that count as pixels the second pair overlaps otherwise, too.
    """
    kept = [(0, 0, 1, 1), (0.54, 0, 1.54, 1)]  # 0.46 / 1.54 = 0.2987
    dropped = [(0, 5, 1, 6), (0.53, 5, 1.53, 6)]  # 0.47 / 1.53 = 0.3072
    return _one_picture(kept + dropped, [0.9, 0.8, 0.7, 0.6])


def _score_at_threshold():
    """Strictly above is a candidate; equal is not."""
    up, down = (np.nextafter(THRESHOLD, np.float32(end)) for end in (1, 0))
    boxes = [(0.3 * place, 0, 0.3 * place + 0.2, 0.2) for place in range(3)]
    return _one_picture(boxes, [THRESHOLD, up, down])


def _many_survivors(rng):
    """780 boxes apart from each other, with tied scores across the 750th place."""
    row, column = np.divmod(np.arange(780), 39)
    boxes = np.stack([column, row, column + 0.5, row + 0.5], axis=1) / 39
    return _one_picture(boxes, rng.randint(1, 41, size=780) / np.float32(40))
