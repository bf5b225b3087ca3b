"""Computes sides and overlaps of boxes, under the zoo's two conventions.

Boxes are ``xyxy`` (two corners) or ``xywh`` (corner and size). Where *inclusive*
pixels are meant, the far edge counts and a side is ``far - near + 1``.
"""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Places: TypeAlias = NDArray[np.intp]


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


def iou_of_pairs(
    boxes_xyxy: Floats, firsts: Places, seconds: Places, *, inclusive: bool
) -> Floats:
    """Return the overlap of pairs of boxes, as multiclass_nms sees it.

    Boxes that do not touch have overlap 0. A degenerate box (its far edge lies before
    its near edge) has area 0, but its intersections are computed as those of any other.
    Where the union is 0, the overlap is what float division gives: infinite or NaN, and
    so not "at most" any threshold. The published operator does the same, to the last
    float.  # zoo-spec 1.3

    Args:
        boxes_xyxy: ``[N, 4]``; the arithmetic stays in their dtype.
        firsts: ``[P]``, places of boxes.
        seconds: ``[P]``, likewise.
        inclusive: count the far edge (``normalized=False`` of multiclass_nms).

    Returns:
        ``[P]``.
    """
    edge = boxes_xyxy.dtype.type(1 if inclusive else 0)
    corners = np.ascontiguousarray(boxes_xyxy.T)  # [4, N]: each step is over neighbours
    first, second = corners.take(firsts, axis=1), corners.take(seconds, axis=1)
    # What is not finite goes on to where detections are refused for it.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        areas = _areas(corners, edge)  # [N]
        sides = np.minimum(second[2:], first[2:]) - np.maximum(second[:2], first[:2])
        sides += edge  # [2, P]
        inter = sides[0] * sides[1]  # [P]
        overlap = inter / (areas[firsts] + areas[seconds] - inter)  # [P]
    apart = (second[:2] > first[2:]) | (second[2:] < first[:2])  # [2, P]
    np.copyto(overlap, 0, where=apart[0] | apart[1])
    return cast("Floats", overlap)


def _areas(corners: Floats, edge: np.floating[Any]) -> Floats:
    sides = corners[2:] - corners[:2]  # [2, N]
    areas: Floats = (sides[0] + edge) * (sides[1] + edge)  # [N]
    np.copyto(areas, 0, where=(sides[0] < 0) | (sides[1] < 0))
    return areas
