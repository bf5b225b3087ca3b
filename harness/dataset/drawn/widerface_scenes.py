"""Draws a WIDER-FACE-format folder of crowds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from harness.dataset.drawn.bmp import bmp_bytes
from harness.dataset.drawn.face_scenes import FaceScene, draw_face_scene
from harness.dataset.drawn.scene_folder import fill_beside
from harness.dataset.widerface import IMAGES, SPLIT
from harness.dataset.widerface_files import LIST, face_list_text, write_ground_truth
from harness.dataset.widerface_mat import MAT_FILES
from harness.dataset.widerface_training import IMAGES as TRAINING_IMAGES
from harness.dataset.widerface_training import LIST as TRAINING_LIST
from harness.files.atomic import write_text
from harness.values.truth import FaceTruth

#: The first and the second half of the images.
EVENTS = ("0--Crowd", "1--Gathering")

#: Of crowds to train on. They are square, for training stretches images to squares, and
#: no smaller or larger than those, lest the smallest heads be of three pixels.
TRAINING_SIDES_PX = (128, 160)

#: Lowest height of a head that a subset counts; those below the last count nowhere.
EASY_PX, MEDIUM_PX, HARD_PX = 40, 24, 12


def write_widerface_scenes(
    root: Path,
    *,
    seed: int,
    count: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Draw ``count`` crowds as a WIDER FACE validation set under a data root.

    The files are named ``.jpg`` as the official ones and hold BMP, which every decoder
    turns into the same pixels. The folders appear whole or not at all; those that are
    there already are kept.

    Args:
        root: the data root; gets ``WIDER_val`` and ``wider_face_split``.
        seed: of the series of crowds.
        count: crowds 0 to ``count - 1`` of the series.
        report: called with (done, total) after each image.
    """
    if (root / SPLIT / LIST).is_file():
        return
    names = image_names(count)

    def fill(beside: Path) -> None:
        scenes = []
        for index, name in enumerate(names):
            scenes.append(draw_face_scene(seed, index))
            _write_image(beside / IMAGES, name, scenes[-1])
            report(index + 1, count)
        write_ground_truth(beside / SPLIT, truth_of(scenes, names))

    files = (SPLIT / one for one in (*MAT_FILES, LIST))
    fill_beside(root, (IMAGES.parts[0], *files), fill)


def write_widerface_training_scenes(
    root: Path,
    *,
    seed: int,
    count: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Draw ``count`` square crowds as a WIDER FACE training set under a data root.

    Args:
        root: as for :func:`write_widerface_scenes`; may hold the validation set.
        seed: of the series of crowds; that of the validation set is another.
        count: crowds 0 to ``count - 1`` of the series.
        report: called with (done, total) after each image.
    """
    if (root / TRAINING_LIST).is_file():
        return
    names = image_names(count)

    def fill(beside: Path) -> None:
        boxes = []
        for index, name in enumerate(names):
            side_px = TRAINING_SIDES_PX[index % len(TRAINING_SIDES_PX)]
            scene = draw_face_scene(seed, index, sides_px=(side_px,))
            boxes.append(scene.boxes_xywh)
            _write_image(beside / TRAINING_IMAGES, name, scene)
            report(index + 1, count)
        (beside / TRAINING_LIST).parent.mkdir(parents=True)
        write_text(beside / TRAINING_LIST, face_list_text(names, boxes))

    fill_beside(root, (TRAINING_IMAGES.parts[0], TRAINING_LIST), fill)


def _write_image(images: Path, name: str, scene: FaceScene) -> None:
    path = images / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bmp_bytes(scene.rgb))


def image_names(count: int) -> list[str]:
    """Return ``<event>/<stem>`` of each image, events one after the other."""
    return [
        f"{event}/{event.replace('--', '_')}_{index}"
        for index in range(count)
        for event in [EVENTS[index * len(EVENTS) // count]]
    ]


def truth_of(scenes: list[FaceScene], names: list[str]) -> FaceTruth:
    """Return the truth of crowds: a subset counts the heads of its height and above."""
    boxes_xywh = np.concatenate(
        [np.zeros((0, 4)), *(one.boxes_xywh for one in scenes)]
    )  # [M, 4]
    heights_px = boxes_xywh[:, 3]
    return FaceTruth(
        image_ids=np.arange(len(scenes), dtype=np.int64),
        image_names=np.array(names),
        box_image_ids=np.repeat(
            np.arange(len(scenes), dtype=np.int64),
            [len(one.boxes_xywh) for one in scenes],
        ),
        boxes_xywh=boxes_xywh,
        is_easy=heights_px >= EASY_PX,
        is_medium=heights_px >= MEDIUM_PX,
        is_hard=heights_px >= HARD_PX,
    )
