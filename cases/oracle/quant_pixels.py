"""The demo zoo's pictures in, an npz of their pixels for the old runtime out.

Runs on the modern side, which draws, decodes and resizes: so the version of OpenCV
beside the old runtime does not matter. Nothing of this is committed.

    quant_pixels.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np

from harness.dataset.image import read_rgb
from harness.dataset.pil_image import read_rgb_with_pil
from harness.dataset.datasets import DATASETS
from harness.dataset.drawn.face_scenes import draw_face_scene
from harness.dataset.drawn.scenes import MAX_OBJECTS, draw_scene
from harness.dataset.resize import resize_cubic
from harness.model.boxes.face_scales import base_scale
from harness.pipeline.measure.embedded import draw_scenes, read_embedded
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo

SIZES_PX = (224, 160)  # of the demo's rows
#: Of another series than the validation sets and the training.
CALIBRATION_SEED = 6
CALIBRATION_BATCHES, BATCH = 100, 8


def main(folder: Path) -> None:
    """Write ``yolov3_pixels.npz`` and ``blazeface_pixels.npz``, and the data root."""
    zoo = open_zoo("demo", home=find_home())
    embedded = read_embedded(zoo)
    assert embedded is not None
    root = folder / "data-root"
    draw_scenes(embedded, root, ("coco", "widerface"))
    np.savez(folder / "yolov3_pixels.npz", **yolov3_pixels(root))
    np.savez(folder / "blazeface_pixels.npz", **blazeface_pixels(root))


def yolov3_pixels(root: Path) -> dict[str, np.ndarray]:
    """Validation pictures at each size, and batches to calibrate with."""
    images = DATASETS["coco"].open(root).images
    rgbs = [read_rgb(one.path) for one in images]
    arrays = {
        "image_ids": np.array([one.image_id for one in images]),
        "sizes_hw": np.array([rgb.shape[:2] for rgb in rgbs], np.int32),
    }
    for size_px in SIZES_PX:
        arrays[f"images_{size_px}"] = np.stack(
            [resize_cubic(rgb, size_px) for rgb in rgbs]
        )
    return arrays | calibration_scenes(SIZES_PX[0])


def calibration_scenes(size_px: int) -> dict[str, np.ndarray]:
    """Batches of scenes at one size, their truth padded to as many objects as can be."""
    scenes = CALIBRATION_BATCHES * BATCH
    images = np.empty((scenes, size_px, size_px, 3), np.uint8)
    boxes = np.zeros((scenes, MAX_OBJECTS, 4), np.float32)
    classes = np.zeros((scenes, MAX_OBJECTS), np.int32)
    for place in range(scenes):
        scene = draw_scene(CALIBRATION_SEED, place)
        height, width, _ = scene.rgb.shape
        images[place] = resize_cubic(scene.rgb, size_px)
        count = len(scene.classes)
        near, far = scene.boxes_xyxy[:, :2], scene.boxes_xyxy[:, 2:]
        side = np.asarray([width, height])
        boxes[place, :count, :2] = (near + far) / 2 / side
        boxes[place, :count, 2:] = (far - near) / side
        classes[place, :count] = scene.classes
    return {
        name: one.reshape(CALIBRATION_BATCHES, BATCH, *one.shape[1:])
        for name, one in (
            ("calibration", images),
            ("calibration_boxes", boxes),
            ("calibration_classes", classes),
        )
    }


def blazeface_pixels(root: Path) -> dict[str, np.ndarray]:
    """Validation pictures at their own sizes, and batches to calibrate with."""
    images = DATASETS["widerface"].open(root).images
    arrays = {"image_ids": np.array([one.image_id for one in images])}
    for one in images:
        rgb = read_rgb_with_pil(one.path)
        assert base_scale(*rgb.shape[:2]) == 1  # looked at as it is
        arrays[f"image_{one.image_id}"] = rgb
    crowds = [
        draw_face_scene(CALIBRATION_SEED, place, sides_px=(160,)).rgb
        for place in range(CALIBRATION_BATCHES * BATCH)
    ]
    arrays["calibration"] = np.reshape(crowds, (-1, BATCH, 160, 160, 3))
    return arrays


if __name__ == "__main__":
    main(Path(sys.argv[1]))
