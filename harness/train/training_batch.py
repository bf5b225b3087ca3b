"""Holds what one step of training looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBatch:
    """Normalised images and their ground truths, padded to one count."""

    images: NDArray[np.float32]  # [B, 3, S, S]
    boxes_cxcywh: NDArray[np.float32]  # [B, M, 4] shares of the image, 0 where padded
    classes: NDArray[np.int32]  # [B, M]
    scores: NDArray[np.float32]  # [B, M] 1, or the share that mixup gave the image
