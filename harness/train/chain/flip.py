"""Mirrors an image left to right (zoo-spec 5.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import RandomState

from harness.values.training import Image, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Flips now and then."""

    probability: float = 0.5  # zoo-spec 5.1

    def __call__(self, sample: Sample, random: RandomState) -> Sample:
        """Return the mirrored sample, or it as it is where nothing was drawn."""
        return flip(sample) if random.uniform() < self.probability else sample


def flip(sample: Sample) -> Sample:
    """Return the mirror image; an edge ``x`` becomes ``W - x - 1``.

    That is right for edges that lie on pixels. A box that a crop clipped ends at ``W``
    itself, and begins one pixel before the mirrored image: so did the published chain.
    """
    import cv2

    width_px = sample.rgb.shape[1]
    x1, y1, x2, y2 = sample.boxes_xyxy.T
    mirrored = np.stack([width_px - x2 - 1, y1, width_px - x1 - 1, y2], axis=1)
    rgb: Image = cv2.flip(sample.rgb, 1)
    return replace(sample, rgb=rgb, boxes_xyxy=mirrored.astype(np.float32))
