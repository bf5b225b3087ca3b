import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.boxes.yolo_box import CONFIDENCE_THRESHOLD, decode_heads
from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX

BOX_CASES = (
    "boxes_beyond_every_edge",
    "no_cell_above_threshold",
    "objectness_just_beside_threshold",
    "one_pixel_pictures",
    "stride_8",
    "stride_16",
    "stride_32",
)
WHOLE_CASES = ("first_picture_without_detections", "more_survivors_than_kept")


def silent_heads(num_classes=3, grid=1):
    """Three heads in which no cell has an object."""
    heads = [
        np.zeros((3, 5 + num_classes, grid * factor, grid * factor), np.float32)
        for factor in (1, 2, 4)
    ]
    for head in heads:
        head[:, 4] = -50
    return [head.reshape(-1, *head.shape[2:]) for head in heads]


def heads_with(level, head):
    heads = silent_heads(num_classes=len(head) // 3 - 5)
    heads[level] = head
    return heads


def slow_decode(heads, height_px, width_px):
    """The definition of zoo-spec 1.3, one cell at a time, in double precision."""
    boxes, scores = [], []
    for head, mask, stride in zip(heads, ANCHOR_MASKS, STRIDES_PX, strict=True):
        grid = head.shape[1]
        cells = head.astype(np.float64).reshape(3, -1, grid, grid)
        for a, anchor in enumerate(mask):
            for j in range(grid):
                for i in range(grid):
                    tx, ty, tw, th, objectness, *classes = cells[a, :, j, i]
                    confidence = sigmoid(objectness)
                    if confidence < 0.01:
                        continue
                    centre_x = (i + sigmoid(tx)) * width_px / grid
                    centre_y = (j + sigmoid(ty)) * height_px / grid
                    width = exp(tw) * ANCHORS_PX[anchor][0] * width_px / stride / grid
                    height = exp(th) * ANCHORS_PX[anchor][1] * height_px / stride / grid
                    boxes.append(
                        (
                            max(centre_x - width / 2, 0),
                            max(centre_y - height / 2, 0),
                            min(centre_x + width / 2, width_px - 1),
                            min(centre_y + height / 2, height_px - 1),
                        )
                    )
                    scores.append([confidence * sigmoid(one) for one in classes])
    return boxes, scores


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def exp(x):
    return math.exp(x) if x < 700 else math.inf


@pytest.mark.parametrize("case", BOX_CASES)
def test_one_level_is_the_old_operators(postprocess_golden, case):
    golden = {
        name: postprocess_golden[f"box_{case}.{name}"]
        for name in ("head", "im_size", "level", "boxes", "scores")
    }

    for place, (height_px, width_px) in enumerate(golden["im_size"].tolist()):
        head = golden["head"][place]
        cells = head.reshape(3, 8, *head.shape[1:])
        speaks = (1 / (1 + np.exp(-cells[:, 4].astype(float))) >= 0.01).reshape(-1)
        boxes_xyxy, scores = decode_heads(
            heads_with(int(golden["level"]), head),
            height_px=height_px,
            width_px=width_px,
        )
        sizes = np.float32([width_px, height_px] * 2)

        assert len(boxes_xyxy) == speaks.sum()
        off = np.abs(boxes_xyxy - golden["boxes"][place][speaks])
        assert (off <= 1e-6 * sizes.max()).all()
        assert np.abs(scores - golden["scores"][place][speaks]).max(initial=0) < 1e-6
        assert not golden["boxes"][place][~speaks].any()  # what we leave out
        assert not golden["scores"][place][~speaks].any()


@pytest.mark.parametrize("case", WHOLE_CASES)
def test_three_levels_come_in_the_old_operators_order(postprocess_golden, case):
    golden = {
        name: postprocess_golden[f"whole_{case}.{name}"]
        for name in ("head_0", "head_1", "head_2", "im_size", "boxes", "scores")
    }

    for place, (height_px, width_px) in enumerate(golden["im_size"].tolist()):
        boxes_xyxy, scores = decode_heads(
            [golden[f"head_{level}"][place] for level in range(3)],
            height_px=height_px,
            width_px=width_px,
        )
        speaks = golden["scores"][place].any(axis=0)

        assert len(boxes_xyxy) == speaks.sum()
        off = np.abs(boxes_xyxy - golden["boxes"][place][speaks])
        assert off.max(initial=0) <= 1e-6 * max(height_px, width_px)
        off = np.abs(scores - golden["scores"][place].T[speaks])
        assert off.max(initial=0) < 1e-6


@given(
    seed=st.integers(0, 2**32 - 1),
    height_px=st.integers(1, 700),
    width_px=st.integers(1, 700),
    spread=st.sampled_from([0.5, 2.0, 6.0]),
)
@settings(deadline=None, max_examples=30)
def test_the_definition_one_cell_at_a_time_gives_the_same(
    seed, height_px, width_px, spread
):
    rng = np.random.default_rng(seed)
    heads = [
        (rng.standard_normal((21, grid, grid)) * spread).astype(np.float32)
        for grid in (1, 2, 4)
    ]
    for head in heads:  # no cell so near the threshold that rounding decides
        objectness = head.reshape(3, 7, *head.shape[1:])[:, 4]
        objectness[np.abs(objectness + 4.595) < 1e-3] = 0

    boxes_xyxy, scores = decode_heads(heads, height_px=height_px, width_px=width_px)

    slow_boxes, slow_scores = slow_decode(heads, height_px, width_px)
    scale = max(height_px, width_px)
    assert len(boxes_xyxy) == len(slow_boxes)
    assert np.allclose(boxes_xyxy, np.reshape(slow_boxes, (-1, 4)), atol=1e-4 * scale)
    assert np.allclose(scores, np.reshape(slow_scores, (-1, 2)), atol=1e-6)


def published_decode(heads, height_px, width_px):
    """The steps of the published operator, each in float32, one cell at a time."""
    one, two = np.float32(1), np.float32(2)
    sizes_px = np.float32([width_px, height_px])
    boxes, scores = [], []

    def squashed(x):
        return one / (one + np.exp(-x))

    for head, mask, stride in zip(heads, ANCHOR_MASKS, STRIDES_PX, strict=True):
        grid = head.shape[1]
        for a, j, i in np.ndindex(3, grid, grid):
            cell = head.reshape(3, -1, grid, grid)[a, :, j, i]
            confidence = squashed(cell[4])
            if confidence < np.float32(0.01):
                continue
            place, anchor = np.float32([i, j]), np.float32(ANCHORS_PX[mask[a]])
            centre = (place + squashed(cell[:2])) * sizes_px / np.float32(grid)
            side = np.exp(cell[2:4]) * anchor * sizes_px / np.float32(stride * grid)
            near = np.maximum(centre - side / two, 0)
            far = np.minimum(centre + side / two, sizes_px - one)
            boxes.append(np.concatenate([near, far]))
            scores.append(confidence * squashed(cell[5:]))
    return np.stack(boxes), np.stack(scores)


@pytest.mark.parametrize("sizes", [(333, 517), (427, 640), (1, 700)])
def test_the_last_bits_are_those_of_float32_in_the_published_order(sizes):
    rng = np.random.default_rng(20)
    heads = [
        (rng.standard_normal((21, grid, grid)) * 2).astype(np.float32)
        for grid in (3, 6, 12)
    ]
    height_px, width_px = sizes

    boxes_xyxy, scores = decode_heads(heads, height_px=height_px, width_px=width_px)

    exact_boxes, exact_scores = published_decode(heads, height_px, width_px)
    assert len(boxes_xyxy) > 300
    assert boxes_xyxy.dtype == scores.dtype == exact_boxes.dtype == np.float32
    assert np.array_equal(boxes_xyxy, exact_boxes)
    assert np.array_equal(scores, exact_scores)


def test_a_neutral_cell_is_half_way_into_its_cell_with_its_anchors_size():
    heads = silent_heads(num_classes=1, grid=2)
    cells = heads[1].reshape(3, 6, 4, 4)
    cells[1, :, 2, 3] = (0, 0, 0, 0, 0, math.log(3))  # anchor 62 x 45, row 2, column 3

    boxes_xyxy, scores = decode_heads(heads, height_px=128, width_px=256)

    # A 64 px input; the picture is 2 and 4 times as large. Centre (3.5, 2.5) / 4.
    assert boxes_xyxy.tolist() == [
        [224 - 62 * 4 / 2, 80 - 45 * 2 / 2, 255, 80 + 45 * 2 / 2]
    ]
    assert scores[0, 0] == pytest.approx(0.5 * 0.75)


def test_boxes_are_clipped_to_the_last_pixel():
    heads = silent_heads(num_classes=1)
    heads[0].reshape(3, 6, 1, 1)[0, :, 0, 0] = (0, 0, 9, 9, 9, 9)

    boxes_xyxy, _ = decode_heads(heads, height_px=30, width_px=50)

    assert boxes_xyxy.tolist() == [[0, 0, 49, 29]]


def test_an_objectness_at_the_threshold_is_kept():
    heads = silent_heads(num_classes=1)
    cells = heads[0].reshape(3, 6, 1, 1)
    cells[0, 4] = -4.595  # sigmoid 0.0100012
    cells[1, 4] = -4.596  # sigmoid 0.0099912

    boxes_xyxy, _ = decode_heads(heads, height_px=32, width_px=32)

    assert len(boxes_xyxy) == 1
    assert np.float32(0.01) == CONFIDENCE_THRESHOLD


def test_a_hopeless_or_a_monstrous_cell_raises_no_warning():
    heads = silent_heads(num_classes=1)
    heads[0].reshape(3, 6, 1, 1)[0, :, 0, 0] = (0, 0, 500, 500, 500, -500)

    boxes_xyxy, scores = decode_heads(heads, height_px=30, width_px=50)

    assert boxes_xyxy.tolist() == [[0, 0, 49, 29]]
    assert scores.tolist() == [[0]]


def test_a_picture_without_objects_has_empty_arrays():
    boxes_xyxy, scores = decode_heads(silent_heads(), height_px=30, width_px=50)

    assert boxes_xyxy.shape == (0, 4)
    assert scores.shape == (0, 3)
    assert boxes_xyxy.dtype == scores.dtype == np.float32
