"""Resized RGB bytes in, network input out (zoo-spec 1.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MEAN_RGB = (0.485, 0.456, 0.406)  # zoo-spec 1.2
STD_RGB = (0.229, 0.224, 0.225)  # zoo-spec 1.2


def normalise(images_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Scale to 0..1, subtract the mean, divide by the deviation, channels first.

    Args:
        images_rgb: ``[B, S, S, 3]``, red first.

    Returns:
        ``[B, 3, S, S]`` float32, contiguous, red first.
    """
    table = _normalised_bytes()  # [256, 3]
    batch, height, width, _ = images_rgb.shape
    planes = np.empty((batch, 3, height, width), dtype=np.float32)
    for channel in range(3):
        np.take(table[:, channel], images_rgb[..., channel], out=planes[:, channel])
    return planes  # [B, 3, S, S]


def _normalised_bytes() -> NDArray[np.float32]:
    """Return what each byte becomes in each channel: ``[256, 3]``.

    A pixel has 256 values, so a table gives the very floats of the definition: float32
    values, in-place arithmetic with float64 constants, rounded to float32 each time.
    """
    x: NDArray[Any] = np.repeat(np.arange(256, dtype=np.float32)[:, None], 3, axis=1)
    x /= 255.0
    x -= np.asarray(MEAN_RGB)
    x /= np.asarray(STD_RGB)
    return x
