"""Draws one scene with its truth: the demo's images.

A scene is the same on every machine, so its digest can be pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.dataset.drawn.drawing import (
    Ints,
    Mask,
    background,
    box_of,
    hides_too_much,
    paint,
    window_of,
)

Pixels = NDArray[np.uint8]

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
    canvas = background(random, height, width)  # [H, W, 3]
    masks: list[Mask] = []
    visible: list[Mask] = []
    classes: list[int] = []
    for _ in range(int(random.randint(1, MAX_OBJECTS + 1))):
        kind = int(random.randint(len(CLASS_NAMES)))
        mask = _place(random, CLASS_NAMES[kind], height, width)  # [H, W]
        if not mask.any() or hides_too_much(mask, masks, visible):
            continue
        paint(random, canvas, mask, COLOURS[CLASS_NAMES[kind]])
        visible = [one & ~mask for one in visible]
        masks.append(mask)
        visible.append(mask)
        classes.append(kind)
    return Scene(
        rgb=canvas.astype(np.uint8),
        classes=np.asarray(classes, dtype=np.int64),
        boxes_xyxy=np.asarray([box_of(one) for one in masks], np.int64).reshape(-1, 4),
        areas_px2=np.asarray([one.sum() for one in masks], dtype=np.int64),
    )


def _place(random: RandomState, name: str, height: int, width: int) -> Mask:
    """Return where a shape of that name lies: ``[H, W]``."""
    # Squared draw: small objects are more frequent than large ones, as in photographs.
    draw = int(random.randint(0, 1000))
    radius = MIN_RADIUS_PX + (MAX_RADIUS_PX - MIN_RADIUS_PX) * draw * draw // 1_000_000
    aspect_pct = int(random.randint(75, 134))
    place = window_of(
        random, height=height, width=width, radius=radius, aspect_pct=aspect_pct
    )
    mask = np.zeros((height, width), dtype=np.bool_)
    mask[place.rows, place.columns] = SHAPES[name](place.u, place.v)
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
