"""RGB pixels in, the bytes of a bitmap file out.

Bitmaps are not compressed, so a drawn image has the same bytes whatever encoder and
version a machine has, and its digest can be pinned.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 14 + 40  # BITMAPFILEHEADER + BITMAPINFOHEADER


def bmp_bytes(rgb: NDArray[np.uint8]) -> bytes:
    """Return an uncompressed 24-bit bitmap of ``[H, W, 3]`` pixels, red first."""
    height, width, _ = rgb.shape
    row_bytes = (width * 3 + 3) // 4 * 4  # rows are padded to four bytes
    rows = np.zeros((height, row_bytes), dtype=np.uint8)
    rows[:, : width * 3] = rgb[::-1, :, ::-1].reshape(height, width * 3)  # bottom up
    size = HEADER_BYTES + rows.size
    head = struct.pack("<2sIHHI", b"BM", size, 0, 0, HEADER_BYTES)
    info = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, 24, 0, rows.size, 2835, 2835, 0, 0
    )
    return head + info + rows.tobytes()
