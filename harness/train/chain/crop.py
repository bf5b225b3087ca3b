"""Cuts a part out of an image that shows enough of an object (zoo-spec 5.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from harness.values.training import Sample

Floats: TypeAlias = NDArray[np.float64]

#: In the list of thresholds: the image stays whole.
NO_CROP = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Tries the thresholds in random order, each with some random parts."""

    thresholds: tuple[float | None, ...] = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, NO_CROP)
    tries: int = 50  # for each threshold  # zoo-spec 5.1
    least_scale: float = 0.3  # zoo-spec 5.1
    most_aspect: float = 2.0  # and its inverse is the least  # zoo-spec 5.1

    def __call__(self, sample: Sample, random: RandomState) -> Sample:
        """Return the first part that is accepted, or the sample as it is.

        A part is accepted where its overlap with some box is the threshold or more, and
        it keeps an object (:func:`is_kept`).
        """
        boxes = sample.boxes_xyxy.astype(np.float64)  # [M, 4]
        for place in random.permutation(len(self.thresholds)).tolist():
            threshold = self.thresholds[place]
            if threshold is NO_CROP:
                return sample
            parts = self.draw(random, sample.rgb.shape[0], sample.rgb.shape[1])
            is_good = (overlaps(boxes, parts) >= threshold).any(axis=1)  # [K]
            for part in parts[is_good]:
                kept = is_kept(boxes, part)
                if kept.any():
                    return cut(sample, part, kept)
        return sample

    def draw(self, random: RandomState, height_px: int, width_px: int) -> Floats:
        """Return parts of an image, one for each try: ``[K, 4]``, whole pixels."""
        scales = random.uniform(self.least_scale, 1.0, self.tries)
        aspects = random.uniform(
            np.maximum(1 / self.most_aspect, scales**2),
            np.minimum(self.most_aspect, scales**-2.0),
        )
        heights = (height_px * scales / np.sqrt(aspects)).astype(np.int64)
        widths = (width_px * scales * np.sqrt(aspects)).astype(np.int64)
        # A part as high as the image starts at its top.
        tops = random.randint(0, np.maximum(height_px - heights, 1))
        lefts = random.randint(0, np.maximum(width_px - widths, 1))
        corners = (lefts, tops, lefts + widths, tops + heights)
        parts: Floats = np.stack(corners, axis=1).astype(np.float64)  # [K, 4]
        return parts


def overlaps(boxes_xyxy: Floats, parts_xyxy: Floats) -> Floats:
    """Return intersection over union, far edges exclusive: ``[K, M]``."""
    near = np.maximum(parts_xyxy[:, None, :2], boxes_xyxy[:, :2])  # [K, M, 2]
    far = np.minimum(parts_xyxy[:, None, 2:], boxes_xyxy[:, 2:])
    inter = np.maximum(far - near, 0).prod(axis=2)  # [K, M]
    areas = [(one[:, 2:] - one[:, :2]).prod(axis=1) for one in (parts_xyxy, boxes_xyxy)]
    union = areas[0][:, None] + areas[1] - inter
    shares: Floats = inter / (union + 1e-10)  # two that are empty overlap by 0
    return shares


def is_kept(boxes_xyxy: Floats, part_xyxy: Floats) -> NDArray[np.bool_]:
    """Return which boxes have their centre in a part, and a side in it: ``[M]``."""
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2  # [M, 2]
    is_inside = (part_xyxy[:2] <= centres) & (centres < part_xyxy[2:])
    near = np.maximum(boxes_xyxy[:, :2], part_xyxy[:2])
    far = np.minimum(boxes_xyxy[:, 2:], part_xyxy[2:])
    kept: NDArray[np.bool_] = (is_inside & (near < far)).all(axis=1)
    return kept


def cut(sample: Sample, part_xyxy: Floats, kept: NDArray[np.bool_]) -> Sample:
    """Return a part of a sample and the boxes that it keeps, clipped to it."""
    left_px, top_px, right_px, bottom_px = part_xyxy.astype(int).tolist()
    near = np.array([left_px, top_px] * 2, dtype=np.float32)
    far = np.array([right_px, bottom_px] * 2, dtype=np.float32)
    return replace(
        sample,
        rgb=sample.rgb[top_px:bottom_px, left_px:right_px],
        boxes_xyxy=np.clip(sample.boxes_xyxy[kept], near, far) - near,
        classes=sample.classes[kept],
        scores=sample.scores[kept],
    )
