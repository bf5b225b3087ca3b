"""An image file in, the size that its header states out; no pixel is decoded."""

from __future__ import annotations

import mmap
from pathlib import Path

from harness.dataset.image_header import demand_header
from harness.errors import DatasetMissing


def read_size_wh(path: Path) -> tuple[int, int]:
    """Return width and height in pixels, as stored: an EXIF orientation turns nothing.

    Raises:
        DatasetMissing: no such file, or it may not be read.
        DatasetInvalid: it is no JPEG, PNG or BMP, or states more pixels than are read.
    """
    if not path.is_file():
        raise DatasetMissing(f"image {path} is not there")
    if not path.stat().st_size:  # nothing cannot be mapped
        demand_header(b"", path)
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            header = demand_header(content, path)
    except OSError as error:
        raise DatasetMissing(f"image {path} cannot be read", got=error) from error
    return header.width_px, header.height_px
