"""What training learns from: an image with its ground truth, alone and in batches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

#: Ground truths of an image that a batch has room for.  # zoo-spec 5.1
MAX_BOXES = 50

#: Bytes as decoded; floats once colours were distorted, which may leave 0 to 255.
Image: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]  # [H, W, 3], red first


def is_bytes(rgb: Image) -> TypeGuard[NDArray[np.uint8]]:
    """Return whether an image has grey levels of 0 to 255 alone."""
    return rgb.dtype == np.uint8


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingImage:
    """An image file and its ground truth, as training uses it."""

    path: Path
    boxes_xyxy: NDArray[np.float32]  # [M, 4] pixels; M is 1 or more
    classes: NDArray[np.int32]  # [M]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A decoded image on its way through the chain."""

    rgb: Image  # [H, W, 3]
    boxes_xyxy: NDArray[np.float32]  # [M, 4] pixels of ``rgb``
    classes: NDArray[np.int32]  # [M]
    scores: NDArray[np.float32]  # [M] shares: below 1 where two images are blended


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one step trains on."""

    images: NDArray[np.float32]  # [B, 3, S, S] normalised, red first
    boxes_cxcywh: NDArray[np.float32]  # [B, M, 4] shares of the image, 0 where padded
    classes: NDArray[np.int32]  # [B, M]
    scores: NDArray[
        np.float32
    ]  # [B, M] 1, or the share that mixup gave; 0 where padded
