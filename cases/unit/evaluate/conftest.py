"""Drawn images and stored-run keys for the tests of this room."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from harness.dataset.image import ImageEntry
from harness.evaluate.store import StoreKey


@pytest.fixture
def key_of() -> Callable[..., StoreKey]:
    """Build a store key; any part can be replaced."""

    def build(**parts: Any) -> StoreKey:
        return StoreKey(
            **{
                "archive_sha256": "a" * 64,
                "dataset_fingerprint": "d" * 64,
                "protocol": {"score_threshold": "0.01", "nms_threshold": "0.45"},
                "input_px": 32,
                "paddle": "2.6.2",
                "device_model": "a cpu",
                "precision": "float32",
                "graph_optimiser": "on",
                "decoder": "opencv-python-headless 4.11.0.86",
                "detection_revision": 1,
            }
            | parts
        )

    return build


@pytest.fixture(scope="session")
def drawn_images(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageEntry, ...]:
    """150 images of one colour, each another: three parts, the last of them short.

    Image ``10 + k`` is filled with ``k + 1``; its annotated size is not its real one.
    """
    folder = tmp_path_factory.mktemp("drawn")
    images = []
    for k in range(150):
        path = folder / f"{k}.bmp"
        assert cv2.imwrite(str(path), np.full((3, 4, 3), k + 1, np.uint8))
        images.append(
            ImageEntry(image_id=10 + k, path=path, width_px=400 + k, height_px=300 + k)
        )
    return tuple(images)
