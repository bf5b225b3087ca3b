"""An image file in, the size that its header states out; no pixel is decoded."""

from __future__ import annotations

from pathlib import Path

from harness.errors import DatasetInvalid, DatasetMissing


def read_size_wh(path: Path) -> tuple[int, int]:
    """Return width and height in pixels, as stored: an EXIF orientation turns nothing.

    Raises:
        DatasetMissing: no such file.
        DatasetInvalid: it is not an image that Pillow knows.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - quick start

    if not path.is_file():
        raise DatasetMissing(f"image {path} is not there")
    try:
        with Image.open(path) as image:
            return image.size
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,  # what Pillow raises of some broken headers
        Image.DecompressionBombError,
    ) as error:
        raise DatasetInvalid(
            f"image {path} has no header that can be read",
            expected="an image that Pillow knows",
            got=f"{path.stat().st_size} bytes",
            next_step="fetch the dataset's images again",
        ) from error
