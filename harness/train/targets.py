"""Says what the heads of a YOLOv3 should have told: its targets, built in numpy.

The two losses of the zoo differ in their targets alone. The ordinary one counts every
ground truth, also two in one cell. The fine-grained one keeps the later of two, with
the classes of both.  # zoo-spec 4.4, 5.1

The ordinary one has a quirk. The kernel of ``yolov3_loss`` adds the values of two
truths in one cell, and writes the gradient of the later over that of the earlier. The
zoo was trained so, and Paddle 2.6 and 3.3 do the same; so it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import TrainingFailed
from harness.model.networks.yolov3_head import ANCHORS_PX

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

SMALLEST_SIDE = 1e-6  # of a ground truth, as a share of the image  # zoo-spec 5.1
#: The kernel of ``yolov3_loss`` takes a cell with a lower score for one without truth.
SMALLEST_SCORE = 1e-5
LARGEST_SMOOTHING = 1 / 40  # zoo-spec 5.1


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelTargets:
    """The targets of one head: of ``G`` cells, and of objectness everywhere."""

    cells: Places  # [G, 4] image, anchor of the level, row, column
    xywh: Floats  # [G, 4] shares of the cell, and logarithms of shares of the anchor
    box_weights: Floats  # [G] (2 - w h) times the score
    classes: Floats  # [G, C]
    class_weights: Floats  # [G] the score
    has_gradient: Floats  # [G] 0 where a later one has the same cell
    objectness: Floats  # [B, A, H, W] 1 where something is
    objectness_weights: Floats  # [B, A, H, W] counted whatever is predicted
    #: [B, A, H, W] counted unless the predicted box lies on a ground truth
    background: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matches:
    """Ground truths and the cells that should tell them, in the batch's order."""

    truths: Places  # [G, 2] image, place in the image's list
    cells: Places  # [G, 4]
    xywh: NDArray[Any]  # [G, 4]
    box_scales: NDArray[Any]  # [G] 2 - w h


def ordinary_targets(
    boxes_cxcywh: Floats,
    classes: NDArray[np.int32],
    scores: Floats,
    *,
    mask: Sequence[int],
    grid: int,
    input_px: int,
    num_classes: int,
    label_smooth: bool,
) -> LevelTargets:
    """Return the targets of the ordinary loss at one level.

    Args:
        boxes_cxcywh: ``[B, M, 4]``, shares of the image.
        classes: ``[B, M]``.
        scores: ``[B, M]``.
        mask: the level's anchors, places in ``ANCHORS_PX``.
        grid: ``H`` and ``W`` of the head.
        input_px: side of the images.
        num_classes: ``C``.
        label_smooth: ask for a little less than 1 and more than 0.

    Raises:
        TrainingFailed: a ground truth has its centre outside the image.
    """
    sides = boxes_cxcywh[..., 2:]
    # float32, as the old kernel: it sets which cell a centre on a border belongs to
    matches = _match(
        boxes_cxcywh, (sides > SMALLEST_SIDE).all(-1), mask, grid, input_px
    )
    at = tuple(matches.truths.T)
    smoothing = min(1 / num_classes, LARGEST_SMOOTHING) if label_smooth else 0.0
    told = np.full((len(matches.cells), num_classes), smoothing, np.float32)
    told[np.arange(len(told)), classes[at]] = 1 - smoothing
    held = np.full((len(boxes_cxcywh), len(mask), grid, grid), -1, np.float32)
    held[tuple(matches.cells.T)] = scores[at]  # the last of two stays
    is_object = held > SMALLEST_SCORE
    return LevelTargets(
        cells=matches.cells,
        xywh=matches.xywh.astype(np.float32),
        box_weights=(matches.box_scales * scores[at]).astype(np.float32),
        classes=told,
        class_weights=scores[at],
        has_gradient=_last_of_cell(matches.cells, held.shape),
        objectness=is_object.astype(np.float32),
        objectness_weights=np.where(is_object, held, held >= 0).astype(np.float32),
        background=(held < 0).astype(np.float32),
    )


def fine_grained_targets(
    boxes_cxcywh: Floats,
    classes: NDArray[np.int32],
    scores: Floats,
    *,
    mask: Sequence[int],
    grid: int,
    input_px: int,
    num_classes: int,
) -> LevelTargets:
    """Return the targets of the fine-grained loss; see :func:`ordinary_targets`."""
    is_truth = (boxes_cxcywh[..., 2:] > 0).all(-1) & (scores > 0)
    # float64, as the old reader's numpy made of a float32 and a whole number
    matches = _match(boxes_cxcywh.astype(np.float64), is_truth, mask, grid, input_px)
    shape = (len(boxes_cxcywh), len(mask), grid, grid)
    truth_at = np.full(shape, -1, np.int64)  # place in the matches
    truth_at[tuple(matches.cells.T)] = np.arange(len(matches.cells))
    told = np.zeros((*shape, num_classes), np.float32)
    told[(*matches.cells.T, classes[tuple(matches.truths.T)])] = 1  # of both
    cells = np.argwhere(truth_at >= 0)
    kept = truth_at[tuple(cells.T)]
    kept_scores = scores[tuple(matches.truths[kept].T)]
    is_object = truth_at >= 0
    weights = np.zeros(shape, np.float32)
    weights[tuple(cells.T)] = kept_scores
    return LevelTargets(
        cells=cells,
        xywh=matches.xywh[kept].astype(np.float32),
        box_weights=(matches.box_scales[kept] * kept_scores).astype(np.float32),
        classes=told[tuple(cells.T)],
        class_weights=kept_scores,
        has_gradient=np.ones(len(cells), np.float32),
        objectness=is_object.astype(np.float32),
        objectness_weights=weights,
        background=(~is_object).astype(np.float32),
    )


def _match(
    boxes_cxcywh: NDArray[Any],
    is_truth: NDArray[np.bool_],
    mask: Sequence[int],
    grid: int,
    input_px: int,
) -> _Matches:
    """Find the anchor of all nine, and the cell, of each truth of this level."""
    kind = boxes_cxcywh.dtype
    anchors_px = np.asarray(ANCHORS_PX, kind)
    best = _best_anchors(boxes_cxcywh[..., 2:], anchors_px / kind.type(input_px))
    truths = np.argwhere(is_truth & np.isin(best, mask))
    at = tuple(truths.T)
    anchors = best[at]
    boxes = boxes_cxcywh[at]
    _demand_inside(boxes[:, :2], at)
    centres = boxes[:, :2] * kind.type(grid)
    # On the far edge the kernel of Paddle, which looks at no bounds, writes into the
    # row or image that follows in memory, and the old reader ended with an IndexError.
    columns_rows = np.minimum(centres.astype(np.int64), grid - 1)
    sizes = np.log(boxes[:, 2:] * kind.type(input_px) / anchors_px[anchors])
    return _Matches(
        truths=truths,
        cells=np.stack(
            [
                truths[:, 0],
                np.searchsorted(mask, anchors),
                columns_rows[:, 1],
                columns_rows[:, 0],
            ],
            axis=1,
        ),
        xywh=np.concatenate([centres - columns_rows, sizes], axis=1),
        box_scales=2 - boxes[:, 2] * boxes[:, 3],
    )


def _demand_inside(centres: NDArray[Any], at: tuple[NDArray[np.int64], ...]) -> None:
    """Refuse a centre that lies in no cell; the far edge belongs to the last one."""
    is_inside = ((centres >= 0) & (centres <= 1)).all(-1)  # [G]; a NaN is not
    if not is_inside.all():
        place = int(np.argmin(is_inside))
        image, truth = (int(one[place]) for one in at)
        raise TrainingFailed(
            f"ground truth {truth} of image {image} of a batch: centre",
            expected="shares of the image, from 0 to 1",
            got=", ".join(f"{one:g}" for one in centres[place]),
            next_step="a chain of augmentation keeps centres inside",
        )


def _last_of_cell(cells: Places, shape: tuple[int, ...]) -> Floats:
    """Return 1 for each cell that is not named again later, 0 for the others."""
    last = np.empty(shape, np.int64)
    last[tuple(cells.T)] = np.arange(len(cells))
    is_last: NDArray[np.bool_] = last[tuple(cells.T)] == np.arange(len(cells))
    return is_last.astype(np.float32)


def _best_anchors(sides: NDArray[Any], anchors: NDArray[Any]) -> Places:
    """Return the anchor with the largest overlap, both centred; the first of equals."""
    sides = sides[..., None, :]  # [B, M, 1, 2]
    shared = np.minimum(sides, anchors).prod(-1)  # [B, M, 9]
    best: Places = np.argmax(
        shared / (sides.prod(-1) + anchors.prod(-1) - shared), axis=-1
    )
    return best
