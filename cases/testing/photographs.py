"""Writes images such as COCO's to train on: their size, their bytes, their boxes."""

from pathlib import Path

import cv2
import numpy as np

from harness.dataset.drawn.drawing import background
from harness.values.training import TrainingImage

WIDTH_PX, HEIGHT_PX = 640, 480  # of most of COCO
BOXES = 7  # COCO has 7.3 an image
QUALITY = 90  # JPEGs of some 130 kB, as photographs of that size have


def write_photographs(folder: Path, count: int) -> tuple[TrainingImage, ...]:
    """Write images of random patches, with random boxes of 80 classes."""
    return tuple(_write(folder, index) for index in range(count))


def _write(folder: Path, index: int) -> TrainingImage:
    random = np.random.RandomState(index)
    path = folder / f"{index}.jpg"
    drawn = background(random, HEIGHT_PX, WIDTH_PX).astype(np.uint8)
    assert cv2.imwrite(str(path), drawn, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    near = random.uniform(0, (WIDTH_PX - 130, HEIGHT_PX - 130), (BOXES, 2))
    far = near + random.uniform(10, 120, (BOXES, 2))
    return TrainingImage(
        path=path,
        boxes_xyxy=np.concatenate([near, far], axis=1).astype(np.float32),
        classes=random.randint(0, 80, BOXES).astype(np.int32),
    )
