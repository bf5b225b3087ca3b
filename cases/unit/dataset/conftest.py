"""Small COCO-format folders with drawn images, for the tests of this room."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from harness.dataset.widerface_files import write_ground_truth
from harness.values.truth import FaceTruth


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


@pytest.fixture
def face_truth() -> FaceTruth:
    """Three images of two events, the second without a face; nested subsets."""
    return FaceTruth(
        image_ids=np.arange(3),
        image_names=np.array(["0--Parade/a", "0--Parade/b", "10--People/c"]),
        box_image_ids=np.array([0, 0, 2, 2, 2]),
        boxes_xywh=np.array(
            [
                [1, 2, 30, 40],
                [5, 6, 7, 8],
                [0, 0, 1024, 9],
                [300, 2, 11, 12],
                [3, 3, -2, 0],
            ],
            np.float64,
        ),
        is_easy=np.array([True, False, True, False, False]),
        is_medium=np.array([True, False, True, True, False]),
        is_hard=np.array([True, True, True, True, False]),
    )


@pytest.fixture
def face_root(tmp_path: Path, face_truth: FaceTruth) -> Path:
    """A data root with that truth, its list, and images of three sizes."""
    write_ground_truth(tmp_path / "wider_face_split", face_truth)
    for size, name in enumerate(face_truth.image_names.tolist(), 10):
        path = tmp_path / "WIDER_val" / "images" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.zeros((size, 2 * size, 3), np.uint8))
    return tmp_path
