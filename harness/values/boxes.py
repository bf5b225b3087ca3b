"""Computes sides and overlaps of boxes, under the zoo's two conventions.

Boxes are ``xyxy`` (two corners) or ``xywh`` (corner and size). Where *inclusive*
pixels are meant, the far edge counts and a side is ``far - near + 1``.
"""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]


def xyxy_to_xywh_inclusive(boxes_xyxy: Floats) -> Floats:
    """Return ``[x, y, w, h]`` with inclusive sides: ``w = x2 - x1 + 1``.

    Args:
        boxes_xyxy: ``[N, 4]``, corners in pixels.

    Returns:
        ``[N, 4]`` of the same dtype.  # zoo-spec 1.5
    """
    boxes_xywh: Floats = boxes_xyxy.copy()
    boxes_xywh[:, 2:] = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2] + 1  # [N, 2]
    return boxes_xywh


def iou_one_to_many(box_xyxy: Floats, boxes_xyxy: Floats, *, inclusive: bool) -> Floats:
    """Return the overlap of one box with each of many, as multiclass_nms sees it.

    Boxes that do not touch have overlap 0. A degenerate box (its far edge lies before
    its near edge) has area 0, but its intersections are computed as those of any other.
    Where the union is 0, the overlap is what float division gives: infinite or NaN, and
    so not "at most" any threshold. The published operator does the same, to the last
    float.  # zoo-spec 1.3

    Args:
        box_xyxy: ``[4]``.
        boxes_xyxy: ``[N, 4]``, of the same dtype; the arithmetic stays in it.
        inclusive: count the far edge (``normalized=False`` of multiclass_nms).

    Returns:
        ``[N]``.
    """
    edge = boxes_xyxy.dtype.type(1 if inclusive else 0)
    near, far = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]  # [N, 2]
    apart = ((near > box_xyxy[2:]) | (far < box_xyxy[:2])).any(axis=1)  # [N]
    sides = np.minimum(far, box_xyxy[2:]) - np.maximum(near, box_xyxy[:2]) + edge
    inter = sides[:, 0] * sides[:, 1]  # [N]
    union = _areas(box_xyxy[None], edge) + _areas(boxes_xyxy, edge) - inter  # [N]
    overlap = np.zeros_like(union)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.divide(inter, union, out=overlap, where=~apart)
    return cast("Floats", overlap)


def _areas(boxes_xyxy: Floats, edge: np.floating[Any]) -> Floats:
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]  # [N, 2]
    areas: Floats = (sides[:, 0] + edge) * (sides[:, 1] + edge)  # [N]
    areas[(sides < 0).any(axis=1)] = 0
    return areas
