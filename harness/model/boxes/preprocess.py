"""Normalises resized images as each YOLOv3 backbone was trained (zoo-spec 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEAN_RGB = (0.485, 0.456, 0.406)  # zoo-spec 1.2
STD_RGB = (0.229, 0.224, 0.225)  # zoo-spec 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """How pixels are scaled before a network's first layer."""

    divisor: float | None  # of the bytes, before mean and deviation
    mean_rgb: tuple[float, float, float] = MEAN_RGB
    std_rgb: tuple[float, float, float] = STD_RGB

    def __str__(self) -> str:
        """Return the formula, as records have it."""
        x = "x" if self.divisor is None else f"x / {self.divisor:g}"
        return f"({x} - {list(self.mean_rgb)}) / {list(self.std_rgb)}"


IMAGENET = Normalisation(divisor=255)
#: Upstream trained on object365 with the same mean and deviation, on unscaled bytes.
UNSCALED = Normalisation(divisor=None)

#: By the backbone's word in a row.  # zoo-spec 1.2
NORMALISATIONS: Mapping[str, Normalisation] = {
    "mobilenet_v1": IMAGENET,
    "resnet34": IMAGENET,
    "resnet50_vd_dcn": IMAGENET,
    "resnet50_vd_dcn_obj365": UNSCALED,
}


def normalise(
    images_rgb: NDArray[np.uint8], normalisation: Normalisation
) -> NDArray[np.float32]:
    """Scale, subtract the mean, divide by the deviation, channels first.

    Args:
        images_rgb: ``[B, S, S, 3]``, red first.
        normalisation: the network's, of ``NORMALISATIONS``.

    Returns:
        ``[B, 3, S, S]`` float32, contiguous, red first.
    """
    table = np.ascontiguousarray(_normalised_bytes(normalisation).T)  # [3, 256]
    batch, height, width, _ = images_rgb.shape
    planes = np.empty((batch, 3, height, width), dtype=np.float32)
    for image, of_image in zip(images_rgb, planes, strict=True):
        for channel in range(3):
            # No byte is outside of the table, so none is clipped. But where numpy may
            # have to raise it writes beside and copies: twice the time (measured).
            np.take(
                table[channel], image[..., channel], out=of_image[channel], mode="clip"
            )
    return planes  # [B, 3, S, S]


def _normalised_bytes(normalisation: Normalisation) -> NDArray[np.float32]:
    """Return what each byte becomes in each channel: ``[256, 3]``.

    A pixel has 256 values, so a table gives the very floats of the definition: float32
    values, in-place arithmetic with float64 constants, rounded to float32 each time.
    """
    x: NDArray[Any] = np.repeat(np.arange(256, dtype=np.float32)[:, None], 3, axis=1)
    if normalisation.divisor is not None:
        x /= normalisation.divisor
    x -= np.asarray(normalisation.mean_rgb)
    x /= np.asarray(normalisation.std_rgb)
    return x
