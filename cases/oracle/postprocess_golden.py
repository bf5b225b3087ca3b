"""Goldens of ``yolo_box`` and ``multiclass_nms`` alone, on inputs made to be awkward.

Three kinds of case, told by the prefix of their keys in the npz:

- ``box_<case>``: one head through ``yolo_box``.
- ``nms_<case>``: boxes and scores through ``multiclass_nms``.
- ``whole_<case>``: three heads through both.
"""

from pathlib import Path

import numpy as np
import paddle.fluid as fluid
from fluid_yolov3 import NMS, STRIDES_PX, level_boxes, postprocess
from old_runtime import about, split_detections, start_executor
from stable_files import write_npz

GOLDEN = "postprocess.npz"
SEED = 2020
NUM_CLASSES = 3
CHANNELS = 3 * (5 + NUM_CLASSES)
THRESHOLD = np.float32(NMS["score_threshold"])


def write_postprocess(folder):
    """Write the golden into ``folder``."""
    executor = start_executor()
    rng = np.random.RandomState(SEED)
    arrays = {}
    for case, (level, head, im_size) in sorted(_box_cases(rng).items()):
        outputs = _run_box(executor, level, head, im_size)
        _add(arrays, "box_" + case, outputs, head=head, im_size=im_size, level=level)
    for case, (boxes, scores) in sorted(_nms_cases(rng).items()):
        outputs = _run_nms(executor, boxes, scores)
        _add(arrays, "nms_" + case, outputs, boxes=boxes, scores=scores)
    for case, (heads, im_size) in sorted(_whole_cases(rng).items()):
        outputs = _run_whole(executor, heads, im_size)
        inputs = {"head_{}".format(level): head for level, head in enumerate(heads)}
        _add(arrays, "whole_" + case, outputs, im_size=im_size, **inputs)
    write_npz(
        Path(folder) / GOLDEN,
        arrays,
        about("postprocess_golden.py", SEED, num_classes=NUM_CLASSES, nms=NMS),
    )


def _add(arrays, prefix, outputs, **inputs):
    for name, values in dict(inputs, **outputs).items():
        arrays["{}.{}".format(prefix, name)] = np.asarray(values)


# --- the old operators


def run_operators(executor, build, feed):
    """Run what ``build`` returns for variables shaped and typed like ``feed``."""
    main = fluid.Program()
    with fluid.program_guard(main, fluid.Program()), fluid.unique_name.guard():
        inputs = {
            name: fluid.data(name=name, shape=values.shape, dtype=str(values.dtype))
            for name, values in feed.items()
        }
        fetch = build(**inputs)
    return executor.run(main, feed=feed, fetch_list=list(fetch), return_numpy=False)


def _detections(fetched, num_images):
    rows, lengths = split_detections(fetched, num_images)
    return {"detections": rows, "lengths": lengths}


def _run_box(executor, level, head, im_size):
    boxes, scores = run_operators(
        executor,
        lambda head, im_size: level_boxes(head, im_size, level, NUM_CLASSES),
        {"head": head, "im_size": im_size},
    )
    return {"boxes": np.array(boxes), "scores": np.array(scores)}


def _run_nms(executor, boxes, scores):
    (fetched,) = run_operators(
        executor,
        lambda boxes, scores: [fluid.layers.multiclass_nms(boxes, scores, **NMS)],
        {"boxes": boxes, "scores": scores},
    )
    return _detections(fetched, len(boxes))


def _run_whole(executor, heads, im_size):
    def build(head_0, head_1, head_2, im_size):
        return postprocess([head_0, head_1, head_2], im_size, NUM_CLASSES)

    feed = {"head_{}".format(level): head for level, head in enumerate(heads)}
    boxes, scores, fetched = run_operators(executor, build, dict(feed, im_size=im_size))
    outputs = {"boxes": np.array(boxes), "scores": np.array(scores)}
    outputs.update(_detections(fetched, len(im_size)))
    return outputs


# --- heads


def _random_head(rng, num_images, grid, objectness=-3.0, spread=2.0):
    """A head [N, 24, G, G] as a trained network's: few cells speak."""
    head = rng.standard_normal((num_images, 3, 5 + NUM_CLASSES, grid, grid))
    head[:, :, 2:4] *= 0.5
    head[:, :, 4] = head[:, :, 4] * spread + objectness
    head[:, :, 5:] = head[:, :, 5:] * 2.0 - 1.0
    return head.reshape(num_images, CHANNELS, grid, grid).astype(np.float32)


def _box_cases(rng):
    """{case: (level, head, im_size)}."""
    sizes = np.array([(375, 500), (128, 128)], dtype=np.int32)
    cases = {
        "stride_{}".format(stride): (level, _random_head(rng, 2, 4), sizes)
        for level, stride in enumerate(STRIDES_PX)
    }
    beyond = _random_head(rng, 2, 4, objectness=1.0)
    beyond.reshape(2, 3, 8, 4, 4)[:, :, 2:4] += 1.5
    cases["boxes_beyond_every_edge"] = (0, beyond, sizes)
    silent = _random_head(rng, 2, 4, objectness=-20.0, spread=1.0)
    cases["no_cell_above_threshold"] = (1, silent, sizes)
    edge = _random_head(rng, 1, 4)
    # sigmoid(x) = 0.01 at x = -4.59512; a margin keeps the last bit of exp out of it
    edge.reshape(1, 3, 8, 4, 4)[:, :, 4] = np.where(
        np.arange(16).reshape(4, 4) % 2, -4.5952, -4.5950
    )
    cases["objectness_just_beside_threshold"] = (2, edge, sizes[:1])
    one_pixel = np.array([(1, 1), (1, 700)], dtype=np.int32)
    cases["one_pixel_pictures"] = (2, _random_head(rng, 2, 4), one_pixel)
    return cases


def _whole_cases(rng):
    """{case: (heads, im_size)}: 128 px input, grids 4, 8 and 16."""
    sizes = np.array([(375, 500), (96, 128)], dtype=np.int32)
    quiet = [
        _random_head(rng, 2, grid, objectness=-8.0, spread=3.0) for grid in (4, 8, 16)
    ]
    for head in quiet:
        head.reshape((2, 3, 8) + head.shape[2:])[0, :, 4] = -20.0
    busy = [_random_head(rng, 1, grid, objectness=1.0) for grid in (4, 8, 16)]
    return {
        "first_picture_without_detections": (quiet, sizes),
        "more_survivors_than_kept": (busy, sizes[:1]),
    }


# --- boxes and scores


def _boxes(rng, count, low=4, high=60, field=300):
    """Boxes [M, 4] with whole-number corners."""
    corner = rng.randint(0, field, size=(count, 2))
    side = rng.randint(low, high, size=(count, 2))
    return np.concatenate([corner, corner + side], axis=1).astype(np.float32)


def _one_picture(boxes, *scores_by_class):
    """Boxes [1, M, 4] and scores [1, C, M] of a single picture."""
    boxes = np.asarray(boxes, dtype=np.float32)
    scores = np.zeros((NUM_CLASSES, len(boxes)), dtype=np.float32)
    scores[: len(scores_by_class)] = scores_by_class
    return boxes[None], scores[None]


def _nms_cases(rng):
    """{case: (boxes [N, M, 4], scores [N, C, M])}."""
    return {
        "ties": _ties(rng),
        "degenerate_boxes": _degenerate(rng),
        "touching_boxes": _touching(),
        "overlap_at_threshold": _overlap_at_threshold(),
        "suppressed_box_suppresses_nothing": _chain(),
        "score_at_threshold": _score_at_threshold(),
        "none_above_threshold": _none(rng),
        "middle_picture_empty": _middle_empty(rng),
        "more_survivors_than_kept": _many_survivors(rng),
        "more_candidates_than_looked_at": _many_candidates(rng),
    }


def _ties(rng):
    boxes = np.stack([_boxes(rng, 30), _boxes(rng, 30)])
    scores = rng.randint(0, 9, size=(2, NUM_CLASSES, 30)) / np.float32(8)
    return boxes, scores.astype(np.float32)


def _degenerate(rng):
    boxes = _boxes(rng, 24, field=60)
    boxes[0:6, 2] = boxes[0:6, 0] - 5  # right of its own right edge
    boxes[6:12, 3] = boxes[6:12, 1] - 1  # below its own lower edge by one
    boxes[12:16, 2:] = boxes[12:16, :2]  # a single pixel
    boxes[16:20] = 0  # what yolo_box gives for a silent cell
    return _one_picture(boxes, *rng.uniform(0.05, 0.95, size=(NUM_CLASSES, 24)))


def _touching():
    """Neighbours that share an edge pixel, that are one pixel apart, and repeats."""
    edges = ((0, 1), (1, 2), (2, 3), (4, 5), (4, 5), (6, 6), (6, 6), (6, 7))
    boxes = [(left, 0, right, 1) for left, right in edges]
    return _one_picture(boxes, np.linspace(0.9, 0.2, len(boxes)))


def _overlap_at_threshold():
    """Overlap 9/20, kept, and 10/20, dropped, when edges count as pixels."""
    kept = [(0, 0, 13, 9), (5, 0, 19, 9)]
    dropped = [(0, 50, 14, 59), (5, 50, 19, 59)]
    return _one_picture(kept + dropped, [0.9, 0.8, 0.7, 0.6])


def _chain():
    """A drops B; B would have dropped C, so C stays."""
    return _one_picture(
        [(0, 0, 19, 19), (6, 0, 25, 19), (12, 0, 31, 19)], [0.9, 0.8, 0.7]
    )


def _score_at_threshold():
    """Strictly above is a candidate; equal is not."""
    up, down = (np.nextafter(THRESHOLD, np.float32(end)) for end in (1, 0))
    boxes = [(60 * place, 0, 60 * place + 20, 20) for place in range(3)]
    return _one_picture(boxes, [THRESHOLD, up, down])


def _none(rng):
    boxes = np.stack([_boxes(rng, 10), _boxes(rng, 10)])
    return boxes, np.full((2, NUM_CLASSES, 10), 0.009, dtype=np.float32)


def _middle_empty(rng):
    boxes = np.stack([_boxes(rng, 10) for _ in range(3)])
    scores = rng.uniform(0.05, 0.95, size=(3, NUM_CLASSES, 10)).astype(np.float32)
    scores[1] = 0.0
    return boxes, scores


def _many_survivors(rng):
    """180 boxes apart from each other, with tied scores across the hundredth place."""
    row, column = np.divmod(np.arange(180), 20)
    boxes = np.stack([column, row, column + 0.5, row + 0.5], axis=1) * 20
    scores = rng.randint(1, 41, size=(NUM_CLASSES, 180)) / np.float32(40)
    return _one_picture(boxes, *scores)


def _many_candidates(rng):
    """1000 better candidates in one heap, then boxes nobody looks at.

    A post-processing that looks at more than the best 1000 returns the others too.
    """
    heap = np.array([50, 50, 90, 90]) + rng.randint(-2, 3, size=(1000, 4))
    apart = np.array(
        [(200 + 30 * place, 0, 220 + 30 * place, 20) for place in range(9)]
    )
    scores = np.concatenate(
        [np.linspace(0.9, 0.5, 1000), np.linspace(0.4, 0.1, len(apart))]
    )
    order = rng.permutation(len(scores))
    return _one_picture(np.concatenate([heap, apart])[order], scores[order])
