"""An image file in, the RGB pixels that Pillow makes of it out: the way of faces."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path

import numpy as np

from harness.dataset.image import Pixels, read_image_bytes
from harness.errors import DatasetInvalid


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
        DatasetInvalid: Pillow cannot decode it, or it is a JPEG that was cut short.
    """
    from PIL import Image  # noqa: PLC0415 - listing and scoring work without it

    content = read_image_bytes(path)
    with warnings.catch_warnings():
        # Pillow warns of a size that it refuses at twice as much: one limit, told once.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content)) as image:
                rgb: Pixels = np.asarray(image.convert("RGB"))  # [H, W, 3]
        except Exception as error:  # its plugins raise what they like
            raise DatasetInvalid(
                f"image {path} cannot be decoded",
                expected="an image that Pillow reads whole",
                got=_described(error),
                next_step="fetch the dataset's images again",
            ) from error
    return rgb


def _described(error: Exception) -> str:
    # Pillow names the object in memory, another one each time.
    return re.sub(r" <_io\.BytesIO object at \w+>", "", str(error))
