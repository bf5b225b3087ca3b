"""Reads the format and size that an image's header states.

The header is read before any decoder sees the file. Decoders believe what a header
claims, and some start other programs for formats that no dataset has.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from harness.errors import DatasetInvalid, DatasetMissing, UsageError
from harness.values.options import MAX_IMAGE_PIXELS as MAX_IMAGE_PIXELS_OPTION

Content: TypeAlias = bytes | mmap.mmap

#: The published datasets' largest image has some 25 million; 3 bytes of each are kept.
MAX_IMAGE_PIXELS = 100_000_000
#: Says another limit; the option is written there, so that every reader heeds it.
VARIABLE, OPTION = MAX_IMAGE_PIXELS_OPTION.twin, MAX_IMAGE_PIXELS_OPTION.name

JPEG, PNG, BMP = "JPEG", "PNG", "BMP"  # as Pillow calls them
FORMATS = (JPEG, PNG, BMP)  # what the datasets hold, and what the demo draws
PNG_START = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"  # ISO 15948, 11.2.2
#: Of a JPEG before its size: 255 parts of a colour profile are the most of any honest.
MAX_SEGMENTS = 1024
#: Start of frame; C4, C8 and CC are something else.  # ITU-T T.81, table B.1
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Without a length: stuffed data, TEM, RST0 to RST7.
LONE = frozenset({0x00, 0x01, *range(0xD0, 0xD8)})
SCAN, END = 0xDA, 0xD9  # the size comes before either
OLD_BMP_HEADER_BYTES = 12  # BITMAPCOREHEADER: sides of 16 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """What an image file says of itself."""

    format: str  # of FORMATS
    width_px: int  # as stored: an EXIF orientation turns nothing
    height_px: int


def parse_header(content: Content) -> ImageHeader | None:
    """Return what the header says, None when it is none of a known format."""
    if content[:3] == b"\xff\xd8\xff":
        return _of(JPEG, _jpeg_size(content))
    if content[: len(PNG_START)] == PNG_START:
        return _of(PNG, _unpacked(">2I", content, len(PNG_START)))
    if content[:2] == b"BM":
        return _of(BMP, _bmp_size(content))
    return None


def demand_header(content: Content, path: Path) -> ImageHeader:
    """Return what the header says.

    Raises:
        DatasetInvalid: it is none of a known format, or states more pixels than are
            read.
        UsageError: the variable of the environment is no number.
    """
    header = parse_header(content)
    if header is None:
        raise DatasetInvalid(
            f"image {path} cannot be decoded",
            expected="a JPEG, PNG or BMP with its size",
            got=f"{len(content)} bytes that start {content[:8]!r}",
            next_step="copy or fetch the image again",
        )
    most = max_image_pixels()
    if header.width_px * header.height_px > most:
        raise DatasetInvalid(
            f"image {path} has too many pixels",
            expected=f"at most {most}",
            got=f"{header.width_px} x {header.height_px}",
            next_step=f"if that is meant, give {OPTION} N or set {VARIABLE}",
        )
    return header


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


def max_image_pixels() -> int:
    """Return the limit: the variable of the environment, else the default.

    Raises:
        UsageError: the variable is no number of pixels.
    """
    return _pixels(os.environ.get(VARIABLE) or str(MAX_IMAGE_PIXELS), VARIABLE)


def allow_pixels(limit: int | None) -> None:
    """Write what an option says into the environment; check what stands there.

    There every reader of this process and of its children finds it, in any thread.

    Raises:
        UsageError: the option or the variable is no number of pixels.
    """
    if limit is not None:
        os.environ[VARIABLE] = str(_pixels(str(limit), OPTION))
    max_image_pixels()


def _pixels(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text)):
        raise UsageError(
            where,
            expected="a number of pixels, 1 or more",
            got=repr(text[:80]),
            next_step=f"say {MAX_IMAGE_PIXELS}, or nothing",
        )
    return int(text)


def _of(name: str, size_wh: tuple[int, ...] | None) -> ImageHeader | None:
    if size_wh is None or min(size_wh) < 1:
        return None
    return ImageHeader(format=name, width_px=size_wh[0], height_px=size_wh[1])


def _jpeg_size(content: Content) -> tuple[int, ...] | None:
    place = 2
    for _ in range(MAX_SEGMENTS):
        # libjpeg passes over what is no mark; so must whoever sees what it sees.
        place = content.find(b"\xff", place)
        code = content[place + 1] if 0 <= place < len(content) - 1 else END
        if code in (SCAN, END):
            return None
        if code == 0xFF:  # a byte of filling before a mark
            place += 1
        elif code in LONE:
            place += 2
        elif code in FRAMES:  # length, precision, height, width
            height_width = _unpacked(">2H", content, place + 5)
            return height_width and height_width[::-1]
        else:  # the length counts itself
            length = _unpacked(">H", content, place + 2)
            if length is None or length[0] < 2:
                return None
            place += 2 + length[0]
    return None


def _bmp_size(content: Content) -> tuple[int, ...] | None:
    header = _unpacked("<I", content, 14)
    if header is None:
        return None
    form = "<2H" if header[0] == OLD_BMP_HEADER_BYTES else "<2i"
    size_wh = _unpacked(form, content, 18)
    # Rows from the top down have a negative height.
    return size_wh and (size_wh[0], abs(size_wh[1]))


def _unpacked(form: str, content: Content, at: int) -> tuple[int, ...] | None:
    if at + struct.calcsize(form) > len(content):
        return None
    return struct.unpack_from(form, content, at)
