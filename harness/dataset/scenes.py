"""A seed and an index in, one drawn scene with its truth out: the demo's images.

Only integers are used, and numpy's frozen ``RandomState`` stream, so a scene is the
same on every machine and its digest can be pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: Rotations as Pythagorean triples (cos*h, sin*h, h): exact in integers.
ROTATIONS = (
    (1, 0, 1),
    (4, 3, 5),
    (3, 4, 5),
    (12, 5, 13),
    (5, 12, 13),
    (0, 1, 1),
    (-3, 4, 5),
    (-4, 3, 5),
    (-5, 12, 13),
    (-12, 5, 13),
)

#: Typical colour of a class, RGB. Not symmetric in red and blue, so that a network
#: fed with swapped channels is wrong more often, as one for photographs would be.
COLOURS: Mapping[str, tuple[int, int, int]] = {
    "disc": (205, 70, 55),
    "box": (60, 90, 205),
    "triangle": (70, 175, 75),
    "ring": (215, 185, 55),
    "cross": (165, 65, 175),
}
CLASS_NAMES = tuple(COLOURS)

SIDES_PX = (224, 256, 288, 320)
MIN_RADIUS_PX, MAX_RADIUS_PX = 13, 70
MAX_OBJECTS = 7
#: An object may hide at most this share of an earlier one, in percent.
MAX_HIDDEN_PCT = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A drawn image and what is in it."""

    rgb: Pixels  # [H, W, 3]
    classes: NDArray[np.int64]  # [M] index into CLASS_NAMES
    boxes_xyxy: NDArray[np.int64]  # [M, 4] pixels, far edge exclusive
    areas_px2: NDArray[np.int64]  # [M] pixels of the whole shape, hidden ones too


def draw_scene(seed: int, index: int) -> Scene:
    """Draw scene number ``index`` of the endless series ``seed``.

    Objects are drawn back to front and may hide part of each other; the truth is the
    box of the whole shape, cut at the image border.
    """
    random = RandomState([seed, index])  # frozen stream: numpy never changes it
    height, width = (int(random.choice(SIDES_PX)) for _ in range(2))
    canvas = _background(random, height, width)  # [H, W, 3]
    masks: list[Mask] = []
    visible: list[Mask] = []
    classes: list[int] = []
    for _ in range(int(random.randint(1, MAX_OBJECTS + 1))):
        kind = int(random.randint(len(CLASS_NAMES)))
        mask = _place(random, CLASS_NAMES[kind], height, width)  # [H, W]
        if not mask.any() or _hides_too_much(mask, masks, visible):
            continue
        _paint(random, canvas, mask, COLOURS[CLASS_NAMES[kind]])
        visible = [one & ~mask for one in visible]
        masks.append(mask)
        visible.append(mask)
        classes.append(kind)
    return Scene(
        rgb=canvas.astype(np.uint8),
        classes=np.asarray(classes, dtype=np.int64),
        boxes_xyxy=np.asarray([_box_of(one) for one in masks], np.int64).reshape(-1, 4),
        areas_px2=np.asarray([one.sum() for one in masks], dtype=np.int64),
    )


def _background(random: RandomState, height: int, width: int) -> Ints:
    """Blend coarse noise with stripes: ``[H, W, 3]`` in 0..255."""
    cell = int(random.choice((16, 32, 64)))
    grid = random.randint(40, 216, (height // cell + 2, width // cell + 2, 3))
    canvas = _enlarge(grid, cell, height, width)  # [H, W, 3]
    y, x = np.mgrid[:height, :width]
    a, b, _ = ROTATIONS[random.randint(len(ROTATIONS))]
    period = int(random.randint(24, 120))
    stripes = ((a * x + b * y) // period % 2) * int(random.randint(0, 50))  # [H, W]
    grain = random.randint(-12, 13, (height, width, 1))
    mixed: Ints = np.clip(canvas + stripes[..., None] + grain, 0, 255)
    return mixed


def _enlarge(grid: Ints, cell: int, height: int, width: int) -> Ints:
    """Enlarge a coarse grid bilinearly in integers: ``[H, W, 3]``."""
    row, dy = np.divmod(np.arange(height), cell)
    column, dx = np.divmod(np.arange(width), cell)
    upper, lower = grid[row], grid[row + 1]  # [H, GW, 3]
    weight = dy[:, None, None]
    tall = upper * (cell - weight) + lower * weight  # [H, GW, 3]
    left, right = tall[:, column], tall[:, column + 1]  # [H, W, 3]
    weight = dx[None, :, None]
    wide: Ints = left * (cell - weight) + right * weight
    return wide // (cell * cell)


def _place(random: RandomState, name: str, height: int, width: int) -> Mask:
    """Return where a shape of that name lies: ``[H, W]``."""
    # Squared draw: small objects are more frequent than large ones, as in photographs.
    draw = int(random.randint(0, 1000))
    radius = MIN_RADIUS_PX + (MAX_RADIUS_PX - MIN_RADIUS_PX) * draw * draw // 1_000_000
    aspect_pct = int(random.randint(75, 134))
    centre_x = int(random.randint(radius // 2, width - radius // 2))
    centre_y = int(random.randint(radius // 2, height - radius // 2))
    a, b, h = ROTATIONS[random.randint(len(ROTATIONS))]
    # Only a window around the centre is computed: no shape reaches 1.5 radii.
    reach = radius * 3 // 2
    rows = slice(max(0, centre_y - reach), min(height, centre_y + reach))
    columns = slice(max(0, centre_x - reach), min(width, centre_x + reach))
    dy = np.arange(rows.start, rows.stop)[:, None] - centre_y
    dx = np.arange(columns.start, columns.stop)[None] - centre_x
    # Axes in units of 1/100 of the shape's radius along each side.
    u = (a * dx + b * dy) * 100 // (h * radius)
    v = (a * dy - b * dx) * 100 * 100 // (h * radius * aspect_pct)
    mask = np.zeros((height, width), dtype=np.bool_)
    mask[rows, columns] = SHAPES[name](u, v)
    return mask


def _disc(u: Ints, v: Ints) -> Mask:
    inside: Mask = u * u + v * v <= 100 * 100
    return inside


def _box(u: Ints, v: Ints) -> Mask:
    return (abs(u) <= 88) & (abs(v) <= 88)


def _triangle(u: Ints, v: Ints) -> Mask:
    return (v >= -90) & (2 * u + v <= 90) & (-2 * u + v <= 90)


def _ring(u: Ints, v: Ints) -> Mask:
    square = u * u + v * v
    return (square <= 100 * 100) & (square >= 52 * 52)


def _cross(u: Ints, v: Ints) -> Mask:
    across = (abs(u) <= 98) & (abs(v) <= 30)
    along = (abs(v) <= 98) & (abs(u) <= 30)
    return across | along


SHAPES: Mapping[str, Callable[[Ints, Ints], Mask]] = {
    "disc": _disc,
    "box": _box,
    "triangle": _triangle,
    "ring": _ring,
    "cross": _cross,
}


def _hides_too_much(mask: Mask, masks: list[Mask], visible: list[Mask]) -> bool:
    return any(
        int((seen & ~mask).sum()) * 100 < int(whole.sum()) * (100 - MAX_HIDDEN_PCT)
        for whole, seen in zip(masks, visible, strict=True)
    )


def _paint(
    random: RandomState, canvas: Ints, mask: Mask, typical: tuple[int, int, int]
) -> None:
    """Paint the shape onto the canvas in its class colour, varied and grainy."""
    colour = np.clip(np.asarray(typical) + random.randint(-55, 56, 3), 0, 255)
    count = int(mask.sum())
    grain = random.randint(-18, 19, (count, 1))
    canvas[mask] = np.clip(colour + grain, 0, 255)


def _box_of(mask: Mask) -> tuple[int, int, int, int]:
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
