"""Drawn scenes: a seeded generator in, RGB pixels out.

Integer draws and integer arithmetic only, so the pixels are the same on every machine.
"""

import numpy as np


def draw_scene(rng, height_px, width_px):
    """Draw one scene, uint8 [H, W, 3]: a gradient, noise, boxes, discs and stripes."""
    rows = np.arange(height_px)[:, None, None]
    columns = np.arange(width_px)[None, :, None]
    down, right = height_px - 1, width_px - 1
    corners = rng.randint(48, 208, size=(4, 3))
    canvas = (
        corners[0] * (down - rows) * (right - columns)
        + corners[1] * (down - rows) * columns
        + corners[2] * rows * (right - columns)
        + corners[3] * rows * columns
    ) // (down * right)  # [H, W, 3]
    for _ in range(rng.randint(16, 30)):
        _draw_shape(rng, canvas, rows, columns)
    canvas = canvas + rng.randint(-14, 15, size=canvas.shape)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _draw_shape(rng, canvas, rows, columns):
    """Paint one shape of random kind, place, size and colour into ``canvas``."""
    height_px, width_px = canvas.shape[:2]
    shorter_px = min(height_px, width_px)
    centre_y, centre_x = rng.randint(0, height_px), rng.randint(0, width_px)
    half_y, half_x = rng.randint(shorter_px // 24 + 1, shorter_px // 4, size=2)
    inside = (abs(rows - centre_y) <= half_y) & (abs(columns - centre_x) <= half_x)
    kind = rng.randint(0, 3)
    if kind == 1:
        inside = ((rows - centre_y) * half_x) ** 2 + (
            (columns - centre_x) * half_y
        ) ** 2 <= (half_y * half_x) ** 2
    elif kind == 2:
        period_px = rng.randint(2, 9)
        inside = inside & ((rows + columns) // period_px % 2 == 0)
    np.copyto(canvas, rng.randint(0, 256, size=3), where=inside)
