"""Builds samples and training images, and a random stream that says what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.values.training import Sample, TrainingImage


def build_sample(
    *,
    height_px: int = 6,
    width_px: int = 8,
    boxes: Any = ((1, 1, 4, 3),),
    seed: int = 0,
) -> Sample:
    """Return noise with those boxes; classes count up from 0, every score is 1."""
    boxes_xyxy = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    rgb = np.random.RandomState(seed).randint(0, 256, (height_px, width_px, 3))
    return Sample(
        rgb=rgb.astype(np.uint8),
        boxes_xyxy=boxes_xyxy,
        classes=np.arange(len(boxes_xyxy), dtype=np.int32),
        scores=np.ones(len(boxes_xyxy), dtype=np.float32),
    )


def write_images(folder: Path, count: int) -> tuple[TrainingImage, ...]:
    """Write pictures of noise of different sizes, each with two boxes."""
    images = []
    for index in range(count):
        random = np.random.RandomState(index)
        height_px, width_px = 40 + 3 * index, 50 + 2 * index
        coarse = random.randint(0, 256, (5, 6, 3)).astype(np.uint8)
        path = folder / f"{index}.png"
        assert cv2.imwrite(str(path), cv2.resize(coarse, (width_px, height_px)))
        images.append(
            TrainingImage(
                path=path,
                boxes_xyxy=np.array(
                    [[2, 3, 20, 30], [10 + index, 5, 45, 39]], dtype=np.float32
                ),
                classes=np.array([index, 2], dtype=np.int32),
            )
        )
    return tuple(images)


class Told:
    """A random stream whose draws are told beforehand, kind by kind."""

    def __init__(self, **draws: list[Any]) -> None:
        self.draws = draws

    def __getattr__(self, kind: str) -> Any:
        return lambda *_args: self._next(kind)

    def _next(self, kind: str) -> Any:
        value = self.draws[kind].pop(0)
        return np.array(value) if isinstance(value, list) else value


def equal_arrays(one: Any, other: Any) -> bool:
    """Return whether two dataclasses hold the same arrays, to the bit."""
    return all(
        _bits(getattr(one, name)) == _bits(getattr(other, name))
        for name in one.__slots__
    )


def _bits(array: NDArray[Any]) -> tuple[Any, ...]:
    return array.shape, array.dtype.str, array.tobytes()
