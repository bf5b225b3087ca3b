"""Decodes the raw heads of a YOLOv3 into candidate boxes of one image.

Every operation is float32 and in the order of the published operator. So scores and
boxes are the operator's own to the last digits.  # zoo-spec 1.3
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX

Floats = NDArray[np.float32]

CONFIDENCE_THRESHOLD = np.float32(0.01)  # zoo-spec 1.3

#: An output below it has a sigmoid below the threshold, which -4.5951 reaches; the
#: rounding of float32 moves that by less than 1e-5. Above it the sigmoid decides.
HOPELESS = np.float32(-4.6)


def decode_heads(
    heads: Sequence[Floats], *, height_px: int, width_px: int
) -> tuple[Floats, Floats]:
    """Decode the three levels; cells below the threshold are left out.

    The published operator keeps them as zero boxes with zero scores, which no later
    step can select. Order is its own: level, anchor, row, column.

    Args:
        heads: per level ``[A * (5 + C), H, W]``, strides 32, 16, 8.
        height_px: of the original image.
        width_px: of the original image.

    Returns:
        Boxes ``[N, 4]`` (xyxy, original pixels) and scores ``[N, C]``.
    """
    levels = [
        _decode_level(head, mask, stride_px, height_px, width_px)
        for head, mask, stride_px in zip(heads, ANCHOR_MASKS, STRIDES_PX, strict=True)
    ]
    boxes_xyxy = np.concatenate([boxes for boxes, _ in levels])  # [N, 4]
    scores = np.concatenate([scores for _, scores in levels])  # [N, C]
    return boxes_xyxy, scores


def _decode_level(
    head: Floats,
    mask: tuple[int, ...],
    stride_px: int,
    height_px: int,
    width_px: int,
) -> tuple[Floats, Floats]:
    _, rows, _ = head.shape
    cells = head.reshape(len(mask), -1, *head.shape[1:])  # [A, 5 + C, H, W]
    outputs = cells[:, 4].reshape(-1)  # [A * H * W]
    place = np.flatnonzero(outputs >= HOPELESS)
    objectness = _sigmoid(outputs[place])
    is_candidate = objectness >= CONFIDENCE_THRESHOLD
    place, objectness = place[is_candidate], objectness[is_candidate]  # [N]
    anchor, row, column = np.unravel_index(place, (len(mask), *head.shape[1:]))
    candidates = cells[anchor, :, row, column]  # [N, 5 + C]
    # The grid's height stands for both axes, as it did in 2020; inputs are square.
    input_px = np.float32(stride_px * rows)
    sizes_px = np.asarray([width_px, height_px], dtype=np.float32)
    cell = np.stack([column, row], axis=1).astype(np.float32)  # [N, 2]
    anchors_px = np.asarray(ANCHORS_PX, dtype=np.float32)[list(mask)][anchor]  # [N, 2]
    centre = (cell + _sigmoid(candidates[:, :2])) * sizes_px / np.float32(rows)
    with np.errstate(over="ignore"):  # an infinite side is clipped to the picture
        side = np.exp(candidates[:, 2:4]) * anchors_px * sizes_px / input_px  # [N, 2]
    half = side / np.float32(2)
    near = np.maximum(centre - half, np.float32(0))
    far = np.minimum(centre + half, sizes_px - np.float32(1))
    scores = objectness[:, None] * _sigmoid(candidates[:, 5:])  # [N, C]
    return np.concatenate([near, far], axis=1), scores


def _sigmoid(x: Floats) -> Floats:
    with np.errstate(over="ignore"):  # exp(-x) of a hopeless cell is infinite: score 0
        out: Floats = np.float32(1) / (np.float32(1) + np.exp(-x))
    return out
