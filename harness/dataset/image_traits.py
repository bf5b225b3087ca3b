"""Inspects an image file: faults, and traits that do no harm."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.dataset.image import Pixels
from harness.dataset.image_header import FORMATS
from harness.errors import HarnessError

#: What is true of some published images, and how each decoder takes it.
TRAITS = (
    "cmyk",  # both make RGB of it, by formulas of their own
    "grey",  # three equal channels
    "sixteen_bit",  # OpenCV takes the upper byte; Pillow too in colour, it clips grey
    "turned",  # an EXIF orientation: OpenCV turns the image, Pillow does not
    "other_size",  # than the annotations state, which is what a network is told
    "warned",  # libjpeg or libpng complained, and lost nothing
)

#: What libjpeg says when it made up pixels.  # libjpeg, jerror.h
LOSSES = ("premature end", "bad huffman code", "corrupt data found in progressive")

EXIF_ORIENTATION = 0x0112  # EXIF 2.3, table 4
GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"})
PNG_BIT_DEPTH = 24  # its place in the file: 8 of signature, 8, then width and height


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTraits:
    """What was found out about one image file."""

    fault: str | None  # why it is not to be measured on; None when it is sound
    traits: frozenset[str]  # of TRAITS


def inspect_image(
    path: Path,
    decode: Callable[[Path], Pixels],
    *,
    witness: Callable[[Path], Pixels],
    width_px: int,
    height_px: int,
) -> ImageTraits:
    """Decode an image as a measurement would, and say what is unusual about it.

    Args:
        path: the file.
        decode: how the dataset's images are read.
        witness: another way to read them, which is heard when ``decode`` is silent.
        width_px: as the annotations state it.
        height_px: as the annotations state it.
    """
    traits = _header_traits(path)
    try:
        with _catching_decoder() as warnings_told:
            rgb = decode(path)
            if witness is not decode:
                with suppress(HarnessError):
                    witness(path)
    except HarnessError as error:
        return ImageTraits(fault=str(error), traits=traits)
    if rgb.shape[:2] != (height_px, width_px):
        traits |= {"other_size"}
    if any(loss in warnings_told().lower() for loss in LOSSES):
        return ImageTraits(
            fault=f"image {path} is damaged; got {warnings_told()}", traits=traits
        )
    return ImageTraits(
        fault=None, traits=traits | ({"warned"} if warnings_told() else set())
    )


def _header_traits(path: Path) -> frozenset[str]:
    from PIL import Image  # noqa: PLC0415 - listing and scoring work without it

    if not path.is_file():  # a pipe would be waited for
        return frozenset()
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # of an EXIF that is damaged
            Image.open(path, formats=FORMATS) as image,
        ):
            traits = {
                "cmyk": image.mode == "CMYK",
                "grey": image.mode in GREY_MODES,
                "sixteen_bit": image.mode.startswith("I") or _is_deep_png(path),
                "turned": image.getexif().get(EXIF_ORIENTATION, 1) != 1,
            }
    except Exception:  # noqa: BLE001 - decoding it says what is wrong with it
        return frozenset()
    return frozenset(name for name, is_so in traits.items() if is_so)


def _is_deep_png(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(PNG_BIT_DEPTH + 1)
    return head.startswith(b"\x89PNG") and head[PNG_BIT_DEPTH] == 16


@contextmanager
def _catching_decoder() -> Iterator[Callable[[], str]]:
    """Give what a C library writes to standard error: that is how libjpeg warns.

    The whole process's standard error is held meanwhile.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    text = ""
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield lambda: text
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            lines = caught.read().decode("utf-8", "replace").splitlines()
            text = "; ".join(dict.fromkeys(line for line in lines if line.strip()))
