"""Reads an image file as RGB with Pillow, as face detection was evaluated."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path

import numpy as np

from harness.dataset.image import Pixels, read_image_bytes
from harness.dataset.image_header import demand_header, max_image_pixels
from harness.errors import DatasetInvalid


def read_rgb_with_pil(path: Path) -> Pixels:
    """Read an image file as RGB, lying as its pixels are stored.

    Pillow's ``convert("RGB")``, which is what the published evaluation of faces did: an
    EXIF orientation turns nothing.  # zoo-spec 1.7

    Args:
        path: a JPEG, PNG or BMP.

    Returns:
        ``[H, W, 3]``, uint8, channels R, G, B.

    Raises:
        DatasetMissing: no such file.
        DatasetInvalid: it is no JPEG, PNG or BMP, has too many pixels, Pillow cannot
            decode it, or it is a JPEG that was cut short.
    """
    from PIL import Image  # noqa: PLC0415 - listing and scoring work without it

    content = read_image_bytes(path)
    header = demand_header(content, path)
    size_wh = header.width_px, header.height_px
    if max_image_pixels() > 2 * (Image.MAX_IMAGE_PIXELS or max_image_pixels()):
        Image.MAX_IMAGE_PIXELS = max_image_pixels()  # asked for: Pillow must allow it
    with warnings.catch_warnings():
        # One limit, told once: Pillow warns of sizes that it reads all the same.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            # Without formats it tries them all, and starts Ghostscript for an EPS.
            with Image.open(io.BytesIO(content), formats=[header.format]) as image:
                _demand_size(image.size, size_wh)
                rgb: Pixels = np.asarray(image.convert("RGB"))  # [H, W, 3]
        except Exception as error:  # its plugins raise what they like
            raise DatasetInvalid(
                f"image {path} cannot be decoded",
                expected="an image that Pillow reads whole",
                got=_described(error),
                next_step="copy or fetch the image again",
            ) from error
    return rgb


def _demand_size(found_wh: tuple[int, int], stated_wh: tuple[int, int]) -> None:
    """Refuse another size than was checked: Pillow takes the last of two headers."""
    if found_wh != stated_wh:
        raise ValueError(f"a second header with {found_wh}, after {stated_wh}")


def _described(error: Exception) -> str:
    # Pillow names the object in memory, another one each time.
    return re.sub(r" <_io\.BytesIO object at \w+>", "", str(error))
