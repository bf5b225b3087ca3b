"""The inputs of detectors: how an image is decoded and resized for each."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from harness.dataset.image import Pixels, opencv_name, read_rgb
from harness.dataset.pil_image import read_rgb_with_pil
from harness.dataset.resize import resize_cubic


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """The image stretched to a square, as YOLOv3 looks at it (zoo-spec 1.2)."""

    input_px: int

    @property
    def decoder(self) -> str:
        """Key of ``DECODERS``."""
        return "opencv"

    def look(self, rgb: Pixels) -> Pixels:
        """Return ``[S, S, 3]``."""
        return resize_cubic(rgb, self.input_px)

    def join(self, images: Sequence[Pixels]) -> Any:
        """Return ``[B, S, S, 3]``, which nobody can write into."""
        stacked = np.stack(images)
        stacked.flags.writeable = False  # several detectors look at it
        return stacked


@dataclass(frozen=True, slots=True, kw_only=True)
class AsItIs:
    """The image at its own size, as BlazeFace looks at it (zoo-spec 1.7)."""

    @property
    def decoder(self) -> str:
        """Key of ``DECODERS``."""
        return "pillow"

    def look(self, rgb: Pixels) -> Pixels:
        """Return ``[H, W, 3]``, which nobody can write into."""
        rgb.flags.writeable = False
        return rgb

    def join(self, images: Sequence[Pixels]) -> Any:
        """Return them side by side: each has its own size."""
        return tuple(images)


View: TypeAlias = Square | AsItIs

#: What reads an image file, by the name that views use.
DECODERS: Mapping[str, Callable[[Path], Pixels]] = {
    "opencv": read_rgb,
    "pillow": read_rgb_with_pil,
}


def decoder_name(decoder: str) -> str:
    """Return the distribution that decodes, and its version.

    Args:
        decoder: key of ``DECODERS``.

    Raises:
        UsageError: not exactly one OpenCV, headless, is installed.
    """
    if decoder == "opencv":
        return opencv_name()
    return f"{decoder} {importlib.metadata.version(decoder)}"
