"""Turns heads into candidates, and these into detections, the slow way of 2020's order.

Numpy, one class after the other, one kept box after the other, every cell of every
level: what the fast way of ``harness.model.boxes`` is held to, to the last bit.
"""

import numpy as np

from harness.model.boxes.multiclass_nms import YOLOV3_RULE
from harness.model.boxes.yolo_box import CONFIDENCE_THRESHOLD
from harness.model.networks.yolov3_head import ANCHOR_MASKS, ANCHORS_PX, STRIDES_PX
from harness.values.detections import ImageDetections


def slow_multiclass_nms(boxes_xyxy, scores, rule=YOLOV3_RULE):
    """Suppress overlapping candidates; see ``multiclass_nms.multiclass_nms``."""
    above = scores > np.float32(rule.score_threshold)  # [N, C]
    classes, places = [], []
    for number in np.flatnonzero(above.any(axis=0)):
        if number == rule.background_label:
            continue
        candidates = np.flatnonzero(above[:, number])
        order = np.argsort(-scores[candidates, number], kind="stable")
        candidates = candidates[order[: rule.nms_top_k]]
        kept = candidates[_greedy(boxes_xyxy[candidates], rule)]
        places.append(kept)
        classes.append(np.full(len(kept), number, dtype=np.int32))
    place = np.concatenate([np.zeros(0, np.intp), *places])
    kind = np.concatenate([np.zeros(0, np.int32), *classes])
    kept_scores = scores[place, kind]  # [K]
    if len(kept_scores) > rule.keep_top_k:
        best = np.argsort(-kept_scores, kind="stable")[: rule.keep_top_k]
        best = best[np.argsort(kind[best], kind="stable")]  # classes ascending again
        place, kind, kept_scores = place[best], kind[best], kept_scores[best]
    return ImageDetections(
        classes=kind, scores=kept_scores, boxes_xyxy=boxes_xyxy[place]
    )


def slow_decode_heads(heads, *, height_px, width_px):
    """Decode the three levels; see ``yolo_box.decode_heads``."""
    levels = [
        _decode_level(head, mask, stride_px, height_px, width_px)
        for head, mask, stride_px in zip(heads, ANCHOR_MASKS, STRIDES_PX, strict=True)
    ]
    boxes_xyxy = np.concatenate([boxes for boxes, _ in levels])  # [N, 4]
    scores = np.concatenate([scores for _, scores in levels])  # [N, C]
    return boxes_xyxy, scores


def _greedy(boxes_xyxy, rule):
    """The places kept, in order: each overlaps no earlier kept one too much."""
    threshold = np.float32(rule.nms_threshold)
    left = np.arange(len(boxes_xyxy))
    kept = []
    while len(left):
        head, left = left[0], left[1:]
        kept.append(head)
        overlap = _iou(boxes_xyxy[head], boxes_xyxy[left], rule.inclusive)
        left = left[overlap <= threshold]
    return np.asarray(kept, dtype=np.intp)


def _iou(box_xyxy, boxes_xyxy, inclusive):
    edge = boxes_xyxy.dtype.type(1 if inclusive else 0)
    near, far = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]  # [N, 2]
    apart = ((near > box_xyxy[2:]) | (far < box_xyxy[:2])).any(axis=1)  # [N]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        sides = np.minimum(far, box_xyxy[2:]) - np.maximum(near, box_xyxy[:2]) + edge
        inter = sides[:, 0] * sides[:, 1]  # [N]
        union = _areas(box_xyxy[None], edge) + _areas(boxes_xyxy, edge) - inter  # [N]
        overlap = np.zeros_like(union)
        np.divide(inter, union, out=overlap, where=~apart)
    return overlap


def _areas(boxes_xyxy, edge):
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]  # [N, 2]
    areas = (sides[:, 0] + edge) * (sides[:, 1] + edge)  # [N]
    areas[(sides < 0).any(axis=1)] = 0
    return areas


def _decode_level(head, mask, stride_px, height_px, width_px):
    _, rows, _ = head.shape
    cells = head.reshape(len(mask), -1, *head.shape[1:])  # [A, 5 + C, H, W]
    objectness = _sigmoid(cells[:, 4])  # [A, H, W]
    anchor, row, column = np.nonzero(objectness >= CONFIDENCE_THRESHOLD)
    candidates = cells[anchor, :, row, column]  # [N, 5 + C]
    input_px = np.float32(stride_px * rows)
    sizes_px = np.asarray([width_px, height_px], dtype=np.float32)
    cell = np.stack([column, row], axis=1).astype(np.float32)  # [N, 2]
    anchors_px = np.asarray(ANCHORS_PX, dtype=np.float32)[list(mask)][anchor]  # [N, 2]
    centre = (cell + _sigmoid(candidates[:, :2])) * sizes_px / np.float32(rows)
    with np.errstate(over="ignore"):
        side = np.exp(candidates[:, 2:4]) * anchors_px * sizes_px / input_px  # [N, 2]
    half = side / np.float32(2)
    near = np.maximum(centre - half, np.float32(0))
    far = np.minimum(centre + half, sizes_px - np.float32(1))
    scores = objectness[anchor, row, column, None] * _sigmoid(
        candidates[:, 5:]
    )  # [N, C]
    return np.concatenate([near, far], axis=1), scores


def _sigmoid(x):
    with np.errstate(over="ignore"):
        return np.float32(1) / (np.float32(1) + np.exp(-x))
