"""Resizes an image to a square and normalises it (zoo-spec 5.1)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness.model.boxes.face_boxes import normalise_faces
from harness.model.boxes.preprocess import Normalisation, normalise
from harness.values.training import Image, is_bytes

#: Word of a chain -> OpenCV's number of it.  # zoo-spec 5.1
INTERPOLATIONS: Mapping[str, int] = {
    "nearest": 0,  # cv2.INTER_NEAREST
    "linear": 1,
    "cubic": 2,
    "area": 3,
    "lanczos4": 4,
}


def resize(rgb: Image, size_px: int, interpolation: str) -> Image:
    """Stretch an image to a square; the aspect ratio is not kept.

    Args:
        rgb: ``[H, W, 3]``.
        size_px: the side S of the square.
        interpolation: of ``INTERPOLATIONS``.

    Returns:
        ``[S, S, 3]`` of the same type.
    """
    import cv2

    height_px, width_px = rgb.shape[:2]
    square: Image = cv2.resize(
        rgb,
        None,
        fx=size_px / width_px,
        fy=size_px / height_px,
        interpolation=INTERPOLATIONS[interpolation],
    )
    return square


def normalised_planes(
    square_rgb: Image, normalisation: Normalisation | None
) -> NDArray[np.float32]:
    """Scale, subtract the mean, divide by the deviation, channels first.

    Bytes get the very floats that measuring gives them.

    Args:
        square_rgb: ``[S, S, 3]``, red first.
        normalisation: of the network; None: of a face network.

    Returns:
        ``[3, S, S]``, red first; blue first for faces.
    """
    planes: NDArray[np.float32]
    if normalisation is None:
        planes = normalise_faces(square_rgb[None])[0]
        return planes
    if is_bytes(square_rgb):
        planes = normalise(square_rgb[None], normalisation)[0]
        return planes
    planes = np.empty((3, *square_rgb.shape[:2]), dtype=np.float32)
    for channel in range(3):
        plane = planes[channel]  # [S, S]
        np.divide(square_rgb[..., channel], normalisation.divisor or 1, out=plane)
        plane -= np.float32(normalisation.mean_rgb[channel])
        plane /= np.float32(normalisation.std_rgb[channel])
    return planes
