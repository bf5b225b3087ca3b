"""Resizes an image to the square that YOLOv3 takes."""

from __future__ import annotations

from harness.dataset.image import Pixels


def resize_cubic(rgb: Pixels, input_px: int) -> Pixels:
    """Stretch an image to a square, as the published evaluation did.

    Cubic interpolation, the aspect ratio is not kept, nothing is padded. OpenCV gets
    scale factors and not a size, because the original call did.  # zoo-spec 1.2

    Args:
        rgb: ``[H, W, 3]``, uint8.
        input_px: the side S of the square.

    Returns:
        ``[S, S, 3]``, uint8.
    """
    import cv2  # noqa: PLC0415 - listing and scoring work without it

    height_px, width_px = rgb.shape[:2]
    square: Pixels = cv2.resize(
        rgb,
        None,
        fx=input_px / width_px,
        fy=input_px / height_px,
        interpolation=cv2.INTER_CUBIC,
    )  # [S, S, 3]
    return square
