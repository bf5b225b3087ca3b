"""Puts an image somewhere on a larger canvas (zoo-spec 5.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.values.training import Image, Sample, is_bytes

#: The mean colour, without its fractions.
FILL_RGB = (123, 116, 103)  # zoo-spec 5.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Expand:
    """Expands now and then by a ratio of 1 to ``most``; the pixels become bytes."""

    probability: float = 0.5  # zoo-spec 5.1
    most: float = 4.0  # zoo-spec 5.1

    def __call__(self, sample: Sample, random: RandomState) -> Sample:
        """Return the sample on its canvas, or as it is where nothing was drawn."""
        if random.uniform() >= self.probability:
            return sample
        ratio = random.uniform(1.0, self.most)
        height_px, width_px = sample.rgb.shape[:2]
        new_height_px, new_width_px = int(height_px * ratio), int(width_px * ratio)
        if new_height_px <= height_px or new_width_px <= width_px:
            return sample
        top_px = int(random.randint(0, new_height_px - height_px))
        left_px = int(random.randint(0, new_width_px - width_px))
        import cv2

        rgb: NDArray[np.uint8] = cv2.copyMakeBorder(
            wrapped(sample.rgb),
            top_px,
            new_height_px - height_px - top_px,
            left_px,
            new_width_px - width_px - left_px,
            cv2.BORDER_CONSTANT,
            value=FILL_RGB,
        )  # [H, W, 3]
        offset = np.array([left_px, top_px] * 2, dtype=np.float32)
        return replace(sample, rgb=rgb, boxes_xyxy=sample.boxes_xyxy + offset)


def wrapped(rgb: Image) -> NDArray[np.uint8]:
    """Return bytes: fractions are cut off, and 256 is 0 again.

    The published chain cast floats to bytes. What a cast makes of a value that does not
    fit is not defined, so it is written out here: through 32 bits, whose low byte it is
    on the machines of that time.
    """
    return rgb if is_bytes(rgb) else rgb.astype(np.int32).astype(np.uint8)
