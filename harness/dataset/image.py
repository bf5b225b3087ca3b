"""Reads an image file as RGB with OpenCV, and names the decoder."""

from __future__ import annotations

import importlib.metadata
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.dataset.image_header import OPTION, demand_header, max_image_pixels
from harness.errors import DatasetInvalid, DatasetMissing, UsageError

Pixels = NDArray[np.uint8]  # [H, W, 3] RGB

#: Every distribution on the package index that installs the package ``cv2``.
OPENCV_DISTRIBUTIONS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)

#: The most that a file spends on a pixel: four channels of 16 bits, not compressed.
MAX_PIXEL_BYTES = 8

START, END = b"\xff\xd8", b"\xff\xd9"  # SOI and EOI  # ITU-T T.81, table B.1
#: The next mark that ends the image or has a length. The others are stuffed data, TEM,
#: RST0 to RST7, SOI and filling: 8 MB of them are no 8 million steps.
MARK = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")

#: What the extras ``cpu`` and ``gpu`` install: its version sets pixels.
PINNED = "opencv-python-headless==4.11.0.86"  # pyproject.toml


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEntry:
    """One image of a set, with the size that its annotations state.

    A detector is given this size, also where the file's own differs.  # zoo-spec 1.2
    """

    image_id: int
    path: Path
    width_px: int
    height_px: int


def read_rgb(path: Path) -> Pixels:
    """Read an image file as RGB, turned as its EXIF orientation says.

    OpenCV's flag 1, channels swapped: what the published evaluation did.
    # zoo-spec 1.2

    Args:
        path: a JPEG, PNG or BMP.

    Returns:
        ``[H, W, 3]``, uint8, channels R, G, B.

    Raises:
        DatasetMissing: no such file.
        DatasetInvalid: it is no JPEG, PNG or BMP, has too many pixels, OpenCV cannot
            decode it, or it is a JPEG that was cut short.
    """
    import cv2  # noqa: PLC0415 - listing and scoring work without it

    whole = read_image_bytes(path)
    demand_header(whole, path)
    content = np.frombuffer(whole, dtype=np.uint8)
    try:
        bgr = cv2.imdecode(content, cv2.IMREAD_COLOR)  # [H, W, 3] or None
    except cv2.error:  # among others: more pixels than it ever reads
        bgr = None
    if bgr is None:
        raise DatasetInvalid(
            f"image {path} cannot be decoded",
            expected="an image that OpenCV reads",
            got=f"{len(content)} bytes that are none",
            next_step="copy or fetch the image again",
        )
    rgb: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)  # [H, W, 3]
    return rgb


def read_image_bytes(path: Path) -> bytes:
    """Return the bytes of an image file.

    Raises:
        DatasetMissing: no such file, or it may not be read.
        DatasetInvalid: no regular file, one larger than any image that is read, or a
            JPEG that was cut short, which some decoders fill with grey.
    """
    most_bytes = MAX_PIXEL_BYTES * max_image_pixels()
    try:
        status = path.stat()
        # A pipe would be waited for, and a device never ends.
        if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
            is_file = stat.S_ISREG(status.st_mode)
            raise DatasetInvalid(
                f"image {path} is not read",
                expected=f"a regular file of at most {most_bytes} bytes",
                got=f"{status.st_size} bytes" if is_file else "something else",
                next_step=f"copy or fetch the image again, or give {OPTION} N",
            )
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # a NUL or a lone surrogate names no file
        raise DatasetMissing(f"image {path} cannot be read", got=error) from error
    if is_cut_jpeg(content):
        raise DatasetInvalid(
            f"image {path} is cut short",
            expected="a JPEG with its end mark",
            got=f"{len(content)} bytes without it",
            next_step="copy or fetch the image again",
        )
    return content


def is_cut_jpeg(content: bytes) -> bool:
    """Whether the bytes start as a JPEG and stop before its end mark.

    Decoders differ about a JPEG that was cut short: some refuse it, some paint the rest
    grey and say nothing. Whether one is whole must not depend on which is installed.

    What follows the mark does not matter. Other formats are never cut here: their
    decoders notice.
    """
    if not content.startswith(START):
        return False
    if content.endswith(END):
        return False
    place = len(START)
    while mark := MARK.search(content, place):
        if mark[0] == END:
            return False
        # The length counts itself.
        length = int.from_bytes(content[mark.end() : mark.end() + 2], "big")
        place = mark.end() + max(length, 2)
    return True


def opencv_name() -> str:
    """Return the one OpenCV distribution that is installed, and its version.

    Two of them write over each other's files, so that nobody can say which one decodes;
    one with a display brings other image libraries, and other pixels.

    Returns:
        For example ``"opencv-python-headless 4.11.0.86"``.

    Raises:
        UsageError: none, several, or one that is not headless.
    """
    installed = {}
    for name in OPENCV_DISTRIBUTIONS:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if len(installed) == 1:
        ((name, version),) = installed.items()
        if name.endswith("-headless"):
            return f"{name} {version}"
    raise UsageError(
        "the OpenCV of this environment",
        expected="exactly one distribution of it, headless",
        got=", ".join(f"{name} {installed[name]}" for name in installed) or "none",
        next_step=_mending(tuple(installed)),
    )


def _mending(installed: tuple[str, ...]) -> str:
    """Return the pip commands that leave one headless OpenCV."""
    if not installed:
        return "run: python -m pip install 'zoo-harness[cpu]' (or [gpu])"
    # Removing one of several also removes files of the others: all go, one comes back.
    return (
        f"run: python -m pip uninstall -y {' '.join(installed)} && "
        f"python -m pip install {PINNED}"
    )
