"""Candidates as a detector gives them: clusters round objects, few classes each."""

from dataclasses import dataclass

import numpy as np

from harness.model.networks.yolov3_head import STRIDES_PX

NUM_CLASSES = 80
CROWD = 6  # candidates round one object, on the average
SIDES_PX = (640, 480)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What suppression takes of one image."""

    boxes_xyxy: np.ndarray  # [N, 4] float32, inside the picture
    scores: np.ndarray  # [N, C] float32


def trained_candidates(count, *, seed=0):
    """Draw the candidates of a trained network.

    Each lies near an object and has its class strongly; three classes are weak, just
    above the threshold of 0.01, and others than those of its neighbours. All other
    scores are below.
    """
    rng = np.random.default_rng(seed)
    boxes_xyxy, objects = _clustered(rng, count)
    scores = rng.uniform(0, 0.008, (count, NUM_CLASSES))
    number = objects.max(initial=0) + 1
    order = rng.permuted(np.tile(np.arange(NUM_CLASSES), (number, 1)), axis=1)
    strong, weak = order[objects, 0], order[objects, 1:4]  # [N], [N, 3]
    np.put_along_axis(scores, weak, rng.uniform(0.012, 0.1, weak.shape), axis=1)
    scores[np.arange(count), strong] = rng.uniform(0.1, 0.95, count)
    return Candidates(boxes_xyxy=boxes_xyxy, scores=scores.astype(np.float32))


def untrained_candidates(count, *, seed=0):
    """Draw the candidates of a network that learned nothing: all classes, all cells."""
    rng = np.random.default_rng(seed)
    boxes_xyxy, _ = _clustered(rng, count)
    scores = rng.normal(0.25, 0.02, (count, NUM_CLASSES)).clip(0.05, 0.5)
    return Candidates(boxes_xyxy=boxes_xyxy, scores=scores.astype(np.float32))


def _clustered(rng, count):
    """Boxes ``[N, 4]`` and the object of each ``[N]``."""
    objects = rng.integers(0, max(count // CROWD, 1), count)
    number = objects.max(initial=0) + 1
    centres = rng.uniform(0, SIDES_PX, (number, 2))[objects]
    sides = np.exp(rng.uniform(np.log(16), np.log(240), (number, 2)))[objects]
    centres = centres + rng.normal(0, 0.12, (count, 2)) * sides
    half = sides * np.exp(rng.normal(0, 0.2, (count, 2))) / 2
    last_px = np.asarray(SIDES_PX) - 1
    near, far = centres - half, centres + half
    boxes = np.concatenate([near.clip(0), np.minimum(far, last_px)], axis=1)
    return boxes.astype(np.float32), objects


def trained_heads(count, *, input_px, seed=0):
    """Draw heads, ``[3 * (5 + C), H, W]`` of each level, with so many candidates."""
    rng = np.random.default_rng(seed)
    heads = []
    for stride_px in STRIDES_PX:
        cells = input_px // stride_px
        head = rng.standard_normal((3, 5 + NUM_CLASSES, cells, cells)) - 5
        head[:, :4] = rng.normal(0, 0.5, (3, 4, cells, cells))
        head[:, 4] = rng.uniform(-12, -5, (3, cells, cells))
        heads.append(head.astype(np.float32))
    outputs = [head[:, 4] for head in heads]
    ends = np.cumsum([one.size for one in outputs])
    chosen = np.sort(rng.choice(ends[-1], count, replace=False))
    for output, end in zip(outputs, ends, strict=True):
        of_level = chosen[(chosen >= end - output.size) & (chosen < end)]
        place = np.unravel_index(of_level - end + output.size, output.shape)
        output[place] = rng.uniform(-4.5, 3, len(of_level))
    return [head.reshape(-1, *head.shape[2:]) for head in heads]
