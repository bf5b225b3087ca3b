"""An image file in, the RGB pixels that Pillow makes of it out: the way of faces."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from harness.dataset.image import Pixels
from harness.errors import DatasetInvalid, DatasetMissing


def read_rgb_with_pil(path: Path) -> Pixels:
    """Read an image file as RGB, lying as its pixels are stored.

    Pillow's ``convert("RGB")``, which is what the published evaluation of faces did: an
    EXIF orientation turns nothing.  # zoo-spec 1.7

    Args:
        path: a file of any format that Pillow decodes.

    Returns:
        ``[H, W, 3]``, uint8, channels R, G, B.

    Raises:
        DatasetMissing: no such file.
        DatasetInvalid: Pillow cannot decode it, or only a part of it.
    """
    from PIL import Image  # noqa: PLC0415 - listing and scoring work without it

    try:
        file = path.open("rb")
    except OSError as error:
        raise DatasetMissing(f"image {path} cannot be read", got=error) from error
    with file, warnings.catch_warnings():
        # Pillow warns of a size that it refuses at twice as much: one limit, told once.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file) as image:
                rgb = np.asarray(image.convert("RGB"))  # [H, W, 3]
        except Exception as error:  # its plugins raise what they like
            raise DatasetInvalid(
                f"image {path} cannot be decoded",
                expected="an image that Pillow reads whole",
                got=error,
                next_step="fetch the dataset's images again",
            ) from error
    return rgb
