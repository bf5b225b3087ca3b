"""Small COCO-format folders with drawn images, for the tests of this room."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest


@pytest.fixture
def coco_data() -> dict[str, Any]:
    """The content of an annotation file: three images, out of order; two boxes."""
    return {
        "images": [
            {"id": 7, "file_name": "b.png", "width": 12, "height": 8},
            {"id": 2, "file_name": "c.bmp", "width": 5, "height": 6},
            {"id": 4, "file_name": "sub/a.png", "width": 9, "height": 9},
        ],
        "categories": [{"id": 90, "name": "disc"}, {"id": 3, "name": "ring"}],
        "annotations": [
            {
                "id": 0,
                "image_id": 7,
                "category_id": 90,
                "bbox": [1, 2.5, 3, 4],
                "area": 11.5,
                "iscrowd": 0,
            },
            {
                "id": 11,
                "image_id": 2,
                "category_id": 3,
                "bbox": [0, 0, 5, 6],
                "area": 30,
                "iscrowd": 1,
            },
        ],
    }


@pytest.fixture
def write_coco(tmp_path: Path) -> Callable[..., Path]:
    """Write a data root with images drawn from their ids; return it."""

    def write(data: dict[str, Any], name: str = "root") -> Path:
        root = tmp_path / name
        (root / "coco" / "annotations").mkdir(parents=True)
        (root / "coco" / "annotations" / "instances_val2017.json").write_text(
            json.dumps(data)
        )
        for image in data["images"]:
            path = root / "coco" / "val2017" / image["file_name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            drawn = np.random.default_rng(image["id"]).integers(
                0, 256, (image["height"], image["width"], 3), dtype=np.uint8
            )
            assert cv2.imwrite(str(path), drawn)
        return root

    return write
