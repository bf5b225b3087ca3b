"""Blends two images into one that has the objects of both (zoo-spec 5.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import RandomState

from harness.values.training import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixup:
    """Blends by a factor of ``Beta(alpha, beta)``."""

    alpha: float = 1.5  # zoo-spec 5.1
    beta: float = 1.5  # zoo-spec 5.1

    def draw_factor(self, random: RandomState) -> float:
        """Return the share of the first image, 0 to 1."""
        return float(min(1.0, max(0.0, random.beta(self.alpha, self.beta))))


def partner_of(index: int, count: int, random: RandomState) -> int:
    """Return the place of another image; the image itself where it is alone.

    Args:
        index: place of the image.
        count: of the images in the set.
        random: of the sample.
    """
    return (index + int(random.randint(1, count))) % count if count > 1 else index


def blend(sample: Sample, partner: Sample, factor: float) -> Sample:
    """Return ``factor`` of a sample and the rest of its partner.

    Both lie at the top left of a canvas that holds both, black elsewhere; the sum is
    cut to whole grey levels. Their scores are shared out in the same way. A factor of 1
    or 0 returns one of them as it is.

    Args:
        sample: bytes.
        partner: bytes.
        factor: 0 to 1.
    """
    if factor >= 1:
        return sample
    if factor <= 0:
        return partner
    sides = np.maximum(sample.rgb.shape[:2], partner.rgb.shape[:2])
    canvas = np.zeros((*sides.tolist(), 3), dtype=np.float32)
    for one, share in ((sample, factor), (partner, 1.0 - factor)):
        height_px, width_px = one.rgb.shape[:2]
        canvas[:height_px, :width_px] += np.multiply(
            one.rgb, np.float32(share), dtype=np.float32
        )
    return replace(
        sample,
        rgb=canvas.astype(np.uint8),
        boxes_xyxy=np.concatenate([sample.boxes_xyxy, partner.boxes_xyxy]),
        classes=np.concatenate([sample.classes, partner.classes]),
        scores=np.concatenate(
            [
                sample.scores * np.float32(factor),
                partner.scores * np.float32(1.0 - factor),
            ]
        ),
    )
