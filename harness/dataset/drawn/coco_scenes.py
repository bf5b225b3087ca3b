"""Draws a COCO-format folder of scenes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.dataset.coco import (
    TRAINING,
    VALIDATION,
    annotations_below_root,
    images_below_root,
)
from harness.dataset.drawn.bmp import bmp_bytes
from harness.dataset.drawn.scene_folder import fill_beside
from harness.dataset.drawn.scenes import CLASS_NAMES, Scene, draw_scene

#: Category ids as COCO has them: ascending, with gaps, not from 0.
CATEGORY_IDS = (1, 3, 4, 7, 11)


def write_coco_scenes(
    root: Path,
    *,
    seed: int,
    count: int,
    split: str = VALIDATION,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Draw ``count`` scenes as a split of COCO under a data root.

    The annotations appear last, when every image is there; a set that is there already
    is kept.

    Args:
        root: the data root; gets ``coco/annotations/instances_<split>.json`` and
            ``coco/<split>``.
        seed: of the series of scenes.
        count: scenes 0 to ``count - 1`` of the series.
        split: ``coco.VALIDATION`` or ``coco.TRAINING``.
        report: called with (done, total) after each image.
    """
    annotations_path = annotations_below_root(split)
    images_path = images_below_root(split)
    if (root / annotations_path).is_file():
        return

    def fill(beside: Path) -> None:
        images = beside / images_path
        images.mkdir(parents=True)
        scenes = []
        for index in range(count):
            scene = draw_scene(seed, index)
            (images / _file_name(index)).write_bytes(bmp_bytes(scene.rgb))
            scenes.append(scene)
            report(index + 1, count)
        annotations = beside / annotations_path
        annotations.parent.mkdir(parents=True)
        annotations.write_text(
            json.dumps(annotations_of(scenes), indent=1, sort_keys=True) + "\n",
            encoding="utf-8",
        )

    fill_beside(root, (images_path, annotations_path), fill)


def write_coco_training_scenes(
    root: Path,
    *,
    seed: int,
    count: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Draw ``count`` scenes as a COCO training set under a data root.

    Args:
        root: as for :func:`write_coco_scenes`; may hold the validation set.
        seed: of the series of scenes; that of the validation set is another.
        count: scenes 0 to ``count - 1`` of the series.
        report: called with (done, total) after each image.
    """
    write_coco_scenes(root, seed=seed, count=count, split=TRAINING, report=report)


def annotations_of(scenes: list[Scene]) -> dict[str, Any]:
    """Return the annotation document of scenes that are numbered from 0."""
    annotations: list[dict[str, Any]] = []
    for index, scene in enumerate(scenes):
        truths = zip(
            scene.classes.tolist(),
            scene.boxes_xyxy.tolist(),
            scene.areas_px2.tolist(),
            strict=True,
        )
        for kind, (x1, y1, x2, y2), area_px2 in truths:
            annotations.append(
                {
                    "id": len(annotations) + 1,  # 0 means "no match" to pycocotools
                    "image_id": index + 1,
                    "category_id": CATEGORY_IDS[kind],
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": area_px2,
                    "iscrowd": 0,
                }
            )
    return {
        "info": {"description": "scenes drawn by the harness"},
        "categories": [
            {"id": number, "name": name}
            for number, name in zip(CATEGORY_IDS, CLASS_NAMES, strict=True)
        ],
        "images": [
            {
                "id": index + 1,
                "file_name": _file_name(index),
                "height": scene.rgb.shape[0],
                "width": scene.rgb.shape[1],
            }
            for index, scene in enumerate(scenes)
        ],
        "annotations": annotations,
    }


def _file_name(index: int) -> str:
    return f"{index + 1:06d}.bmp"
