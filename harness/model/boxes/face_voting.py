"""Merges the boxes that several looks found in one image: overlapping boxes vote.

As the published tool does it, oddities included. A face that only one look found is
dropped, unless it is the last of all. A look without a face counts as one box without
size.  # zoo-spec 1.7
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OVERLAP_THRESHOLD = 0.3  # zoo-spec 1.7
KEEP_TOP_K = 750  # zoo-spec 1.7
SCORE_THRESHOLD = 0.01  # zoo-spec 1.7


def vote(boxes_xyxy: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Merge the boxes of all looks.

    The best box gathers those that overlap it. They become one box: their mean by
    score, with the best score. A box that none overlaps is dropped, unless it is the
    last of all. Of equal scores the later box goes first.

    Args:
        boxes_xyxy: ``[N, 4]``, inclusive pixels.
        scores: ``[N]``.

    Returns:
        Boxes ``[M, 4]`` and scores ``[M]``, best first, at most ``KEEP_TOP_K``.
    """
    order = np.argsort(scores, kind="stable")[::-1]
    boxes, values = boxes_xyxy[order], scores[order]
    merged: list[Floats] = []
    best: list[float] = []
    while len(values):
        is_near = _overlaps(boxes) >= OVERLAP_THRESHOLD  # [N]
        is_near[0] = True  # itself, also when it has no area to overlap with
        near, near_values = boxes[is_near], values[is_near]
        boxes, values = boxes[~is_near], values[~is_near]
        if len(near) == 1 and len(values):
            continue
        total = near_values.sum()
        if total > 0:  # else placeholders of looks that found nothing
            merged.append((near * near_values[:, None]).sum(axis=0) / total)
            best.append(float(near_values.max()))
    best_scores = np.array(best[:KEEP_TOP_K])
    is_kept = best_scores >= SCORE_THRESHOLD
    kept = np.array(merged[:KEEP_TOP_K]).reshape(-1, 4)
    return kept[is_kept], best_scores[is_kept]


def _overlaps(boxes: Floats) -> Floats:
    """Return the overlap of the first box with each, sides inclusive: ``[N]``."""
    near = np.maximum(boxes[:, :2], boxes[0, :2])  # [N, 2]
    far = np.minimum(boxes[:, 2:], boxes[0, 2:])
    inter = np.maximum(far - near + 1, 0).prod(axis=1)  # [N]
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(axis=1)
    shares: Floats = inter / (areas[0] + areas - inter)
    return shares
