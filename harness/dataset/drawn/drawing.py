"""Draws shapes from a frozen random stream: what every drawn image is made of.

Only integers are used, and numpy's frozen ``RandomState`` stream, so a drawing is the
same on every machine and its digest can be pinned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

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

#: An object may hide at most this share of an earlier one, in percent.
MAX_HIDDEN_PCT = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part of a canvas around a shape, and the shape's own axes in it."""

    rows: slice
    columns: slice
    u: Ints  # [h, w] along the shape, in hundredths of its radius
    v: Ints  # [h, w] across


def window_of(
    random: RandomState,
    *,
    height: int,
    width: int,
    radius: int,
    aspect_pct: int,
    rotations: tuple[tuple[int, int, int], ...] = ROTATIONS,
) -> Window:
    """Draw where a shape of that radius lies, and how it is turned."""
    centre_x = int(random.randint(radius // 2, width - radius // 2))
    centre_y = int(random.randint(radius // 2, height - radius // 2))
    a, b, h = rotations[random.randint(len(rotations))]
    # Only a window around the centre is computed: no shape reaches 1.5 radii.
    reach = radius * 3 // 2
    rows = slice(max(0, centre_y - reach), min(height, centre_y + reach))
    columns = slice(max(0, centre_x - reach), min(width, centre_x + reach))
    dy = np.arange(rows.start, rows.stop)[:, None] - centre_y
    dx = np.arange(columns.start, columns.stop)[None] - centre_x
    return Window(
        rows=rows,
        columns=columns,
        u=(a * dx + b * dy) * 100 // (h * radius),
        v=(a * dy - b * dx) * 100 * 100 // (h * radius * aspect_pct),
    )


def background(random: RandomState, height: int, width: int) -> Ints:
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


def hides_too_much(mask: Mask, masks: list[Mask], visible: list[Mask]) -> bool:
    """Return whether a new shape would hide too much of any that was drawn before."""
    return any(
        int((seen & ~mask).sum()) * 100 < int(whole.sum()) * (100 - MAX_HIDDEN_PCT)
        for whole, seen in zip(masks, visible, strict=True)
    )


def paint(
    random: RandomState,
    canvas: Ints,
    mask: Mask,
    typical: tuple[int, int, int],
    *,
    spread: int = 55,
) -> None:
    """Paint a shape onto the canvas in a colour near its typical one, grainy."""
    varied = random.randint(-spread, spread + 1, 3)
    colour = np.clip(np.asarray(typical) + varied, 0, 255)
    count = int(mask.sum())
    grain = random.randint(-18, 19, (count, 1))
    canvas[mask] = np.clip(colour + grain, 0, 255)


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """Return the box of a shape: ``x1, y1, x2, y2``, far edges exclusive."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
