"""Boxes in, targets of the fine-grained loss out: what the published reader made."""

import numpy as np
from fluid_yolov3 import ANCHOR_MASKS, ANCHORS, STRIDES_PX


def level_targets(batch, num_classes, input_px):
    """Three float32 arrays [N, 3, 6 + C, G, G], strides 32, 16, 8 (zoo-spec 4.4)."""
    grids = [input_px // stride for stride in STRIDES_PX]
    shape = (len(batch.boxes), 3, 6 + num_classes)
    targets = [np.zeros(shape + (grid, grid), np.float32) for grid in grids]
    for image, (boxes, classes, scores) in enumerate(
        zip(batch.boxes, batch.classes, batch.scores)
    ):
        for (x, y, width, height), kind, score in zip(boxes, classes, scores):
            if width <= 0 or height <= 0 or score <= 0:
                continue
            best = _best_anchor(width * input_px, height * input_px)
            for mask, grid, target in zip(ANCHOR_MASKS, grids, targets):
                if best not in mask:
                    continue
                column, row = int(x * grid), int(y * grid)
                cell = target[image, mask.index(best), :, row, column]
                cell[0] = x * grid - column
                cell[1] = y * grid - row
                cell[2] = np.log(width * input_px / ANCHORS[best][0])
                cell[3] = np.log(height * input_px / ANCHORS[best][1])
                cell[4] = 2.0 - width * height
                cell[5] = score
                # a second box of a cell adds its class, as published
                cell[6 + kind] = 1.0
    return targets


def _best_anchor(width_px, height_px):
    """The first of the anchors that overlap most, centres together (zoo-spec 4.4)."""
    overlaps = []
    for anchor_width, anchor_height in ANCHORS:
        both = min(width_px, anchor_width) * min(height_px, anchor_height)
        either = width_px * height_px + anchor_width * anchor_height - both
        overlaps.append(both / either)
    return int(np.argmax(overlaps))
