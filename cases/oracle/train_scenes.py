"""Drawn scenes with their truth, and the batches of a training: seeds in, arrays out.

Integer draws and integer arithmetic make the pixels, so they are the same on every
machine. Half of a golden's images are two scenes blended, as mixup does (zoo-spec 5.1):
the boxes of both, each with the share of its scene as its score.
"""

from collections import namedtuple

import numpy as np

NUM_CLASSES = 5
#: At 64 px no box is as large as an anchor of stride 32: that level would learn nothing
#: but empty cells.
SIZE_PX = 96
SIDES_PX = (10, 14, 20, 28, 40, 56, 74, 90)  # each near another anchor (zoo-spec 1.3)
MAX_OBJECTS = 4  # in one scene
MAX_BOXES = 2 * MAX_OBJECTS  # in a blended image
NOISE = 2  # of 255: more would not compress

#: images uint8 [N, S, S, 3]; boxes float32 [N, M, 4], centre and size as shares of the
#: image, 0 where padded; classes int32 [N, M]; scores float32 [N, M], 0 where padded.
Batch = namedtuple("Batch", "images boxes classes scores")


def draw_batch(rng, count, blend_every=0):
    """Draw ``count`` images; every ``blend_every``-th is two scenes blended."""
    images = np.empty((count, SIZE_PX, SIZE_PX, 3), np.uint8)
    boxes = np.zeros((count, MAX_BOXES, 4), np.float32)
    classes = np.zeros((count, MAX_BOXES), np.int32)
    scores = np.zeros((count, MAX_BOXES), np.float32)
    for place in range(count):
        pixels, truth = _draw_scene(rng)
        shares = [1.0] * len(truth)
        if blend_every and place % blend_every == blend_every - 1:
            share = rng.randint(20, 81) / 100.0
            other, more = _draw_scene(rng)
            pixels = np.rint(share * pixels + (1 - share) * other)
            shares = [share] * len(truth) + [1 - share] * len(more)
            truth = truth + more
        images[place] = pixels
        for slot, (kind, x1, y1, x2, y2) in enumerate(truth):
            box = np.array([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1])
            boxes[place, slot] = box / SIZE_PX
            classes[place, slot] = kind
            scores[place, slot] = shares[slot]
    return Batch(images, boxes, classes, scores)


def _draw_scene(rng):
    """Draw pixels [S, S, 3] and rows of class, x1, y1, x2, y2."""
    rows, columns = np.arange(SIZE_PX)[:, None], np.arange(SIZE_PX)[None, :]
    from_colour, to_colour = rng.randint(60, 196, size=(2, 3))
    canvas = from_colour + (to_colour - from_colour) * rows[..., None] // SIZE_PX
    canvas = np.repeat(canvas, SIZE_PX, axis=1)  # [S, S, 3]
    truth = []
    for _ in range(rng.randint(1, MAX_OBJECTS + 1)):
        kind = rng.randint(NUM_CLASSES)
        width, height = (SIDES_PX[rng.randint(len(SIDES_PX))] for _ in "wh")
        if max(width, height) > 2 * min(width, height):
            width = height
        left = rng.randint(SIZE_PX - width + 1)
        top = rng.randint(SIZE_PX - height + 1)
        down, right = rows - top, columns - left
        inside = (0 <= down) & (down < height) & (0 <= right) & (right < width)
        inside = inside & _shape(kind, down, right, height, width)
        np.copyto(canvas, rng.randint(0, 256, size=3), where=inside[..., None])
        truth.append((kind, left, top, left + width, top + height))
    canvas = canvas + rng.randint(-NOISE, NOISE + 1, size=canvas.shape)
    return np.clip(canvas, 0, 255), truth


def _shape(kind, down, right, height, width):
    """Mark the pixels of a shape in its box, by class."""
    from_middle_y, from_middle_x = 2 * down - height + 1, 2 * right - width + 1
    if kind == 0:  # rectangle
        return np.full(np.broadcast(down, right).shape, True)
    if kind == 1:  # disc
        return (from_middle_y * width) ** 2 + (from_middle_x * height) ** 2 <= (
            height * width
        ) ** 2
    if kind == 2:  # stripes
        return (down + right) // 3 % 2 == 0
    if kind == 3:  # rhombus
        reach = abs(from_middle_y) * width + abs(from_middle_x) * height
        return reach <= height * width
    return (abs(from_middle_y) * 2 > height) | (abs(from_middle_x) * 2 > width)  # frame
