"""Draws one crowd of faces with its truth.

A crowd is the same on every machine, so its digest can be pinned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.dataset.drawn.drawing import (
    Ints,
    Mask,
    Window,
    background,
    box_of,
    hides_too_much,
    paint,
    window_of,
)

SIDES_PX = (128, 160, 192, 224)
MIN_RADIUS_PX, MAX_RADIUS_PX = 5, 46
MAX_OBJECTS = 9

#: Heads are nearly upright.
TILTS = ((1, 0, 1), (12, 5, 13), (12, -5, 13), (24, 7, 25), (24, -7, 25))

#: RGB, red the strongest: a network fed with swapped channels is wrong more often.
SKINS = ((232, 190, 160), (205, 150, 115), (150, 100, 70), (100, 65, 45))
HAIRS = ((45, 30, 25), (120, 80, 40), (190, 160, 90), (90, 90, 95))
EYES, MOUTH = (25, 25, 35), (150, 40, 50)

#: How far a colour may lie from its typical one: less would be one person's family.
SPREAD = 24

#: Of ten drawn heads so many have no face: a ball of skin is not to be found.
FACELESS_OF_TEN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceScene:
    """A drawn image and the faces in it."""

    rgb: NDArray[np.uint8]  # [H, W, 3]
    boxes_xywh: NDArray[np.int64]  # [M, 4] pixels of the whole head


def draw_face_scene(
    seed: int, index: int, *, sides_px: tuple[int, ...] = SIDES_PX
) -> FaceScene:
    """Draw crowd number ``index`` of the endless series ``seed``.

    Heads are drawn back to front and may hide part of each other; the truth is the box
    of the whole head, cut at the image border.

    Args:
        seed: of the series.
        index: in it.
        sides_px: height and width are drawn out of these.
    """
    random = RandomState([seed, index])  # frozen stream: numpy never changes it
    height, width = (int(random.choice(sides_px)) for _ in range(2))
    canvas = background(random, height, width)  # [H, W, 3]
    masks: list[Mask] = []
    visible: list[Mask] = []
    is_face: list[bool] = []
    for _ in range(int(random.randint(1, MAX_OBJECTS + 1))):
        place = _head_place(random, height, width)
        mask = _on_canvas(_head(place.u, place.v), place, height, width)
        faceless = int(random.randint(10)) < FACELESS_OF_TEN
        if not mask.any() or hides_too_much(mask, masks, visible):
            continue
        paint(random, canvas, mask, SKINS[random.randint(len(SKINS))], spread=SPREAD)
        if not faceless:
            _paint_features(random, canvas, place)
        visible = [one & ~mask for one in visible]
        masks.append(mask)
        visible.append(mask)
        is_face.append(not faceless)
    boxes_xyxy = [box_of(one) for one, face in zip(masks, is_face, strict=True) if face]
    boxes = np.asarray(boxes_xyxy, dtype=np.int64).reshape(-1, 4)
    boxes[:, 2:] -= boxes[:, :2]
    return FaceScene(rgb=canvas.astype(np.uint8), boxes_xywh=boxes)


def _head_place(random: RandomState, height: int, width: int) -> Window:
    # Cubed draw: most heads of a crowd are small.
    draw = int(random.randint(0, 1000))
    span = MAX_RADIUS_PX - MIN_RADIUS_PX
    radius = MIN_RADIUS_PX + span * draw * draw * draw // 1_000_000_000
    return window_of(
        random,
        height=height,
        width=width,
        radius=radius,
        aspect_pct=int(random.randint(105, 136)),
        rotations=TILTS,
    )


def _paint_features(random: RandomState, canvas: Ints, place: Window) -> None:
    """Paint hair, eyes and mouth where the head is."""
    head = _head(place.u, place.v)
    height, width, _ = canvas.shape
    hair = HAIRS[random.randint(len(HAIRS))]
    for part, colour in (
        (place.v < -55, hair),
        (_eyes(place.u, place.v), EYES),
        (_mouth(place.u, place.v), MOUTH),
    ):
        mask = _on_canvas(head & part, place, height, width)
        paint(random, canvas, mask, colour, spread=SPREAD)


def _head(u: Ints, v: Ints) -> Mask:
    inside: Mask = u * u + v * v <= 100 * 100
    return inside


def _eyes(u: Ints, v: Ints) -> Mask:
    return (abs(abs(u) - 38) <= 16) & (abs(v + 12) <= 13)


def _mouth(u: Ints, v: Ints) -> Mask:
    return (abs(u) <= 36) & (abs(v - 50) <= 9)


def _on_canvas(part: Mask, place: Window, height: int, width: int) -> Mask:
    mask = np.zeros((height, width), dtype=np.bool_)
    mask[place.rows, place.columns] = part
    return mask
