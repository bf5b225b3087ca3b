"""The full-width archive of Paddle 1.8.5 in the published place, against its goldens.

``tox -e oracle-full`` makes both (650 MB), and names the folder in ZOO_ORACLE_FULL;
elsewhere these tests are skipped, and the tiny archive stands in for the full one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.dataset.coco import open_coco
from harness.evaluate.coco import ap as coco_ap
from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.boxes.preprocess import IMAGENET, normalise
from harness.model.detectors.archive_heads import open_heads
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.detectors.yolov3 import open_yolov3
from harness.model.paddle_run.device import open_device
from harness.values.detections import ImageDetections, join_images

FULL = os.environ.get("ZOO_ORACLE_FULL")
NAME = "yolov3_mobilenet_v1_prune578"
SIZES_PX = (608, 416, 320)
HEAD_TOLERANCE = 1e-4  # of the largest output
NEAR = 1e-3  # of scores: nearer than this is the same one

pytestmark = pytest.mark.skipif(FULL is None, reason="needs tox -e oracle-full")


@pytest.fixture(scope="module")
def folder() -> Path:
    assert FULL is not None
    return Path(FULL)


@pytest.fixture(scope="module")
def opened(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenedArchive:
    tar = folder / "mirror/PaddleSlim/prune" / f"{NAME}.tar"
    return open_yolov3(
        find_checkpoint_folder(unpack(tar, tmp_path_factory.mktemp("cache")), NAME),
        backbone="mobilenet_v1",
        strategy="prune_r578",
        num_classes=80,
        width=1.0,
    )


@pytest.fixture(scope="module")
def heads(opened: OpenedArchive) -> Any:
    return open_heads(opened, open_device(gpu=False))


@pytest.mark.parametrize("size_px", SIZES_PX)
def test_heads_are_those_of_the_old_runtime(
    folder: Path, heads: Any, size_px: int
) -> None:
    golden = np.load(folder / "golden_full.npz")

    outputs = heads(normalise(golden[f"images_{size_px}"], IMAGENET))

    for level, output in enumerate(outputs):
        wanted = golden[f"head_{level}_{size_px}"]
        assert abs(output - wanted).max() <= HEAD_TOLERANCE * abs(wanted).max()


@pytest.mark.parametrize("size_px", SIZES_PX)
def test_detections_on_its_pixels_are_those_of_the_old_runtime(
    folder: Path, heads: Any, size_px: int
) -> None:
    golden = np.load(folder / "golden_data_root.npz")
    entries = open_coco(folder / "data-root").images
    sizes = np.asarray([(one.height_px, one.width_px) for one in entries], np.int32)
    detector = ObjectDetector(
        find=objects_of_heads(heads), backbone="mobilenet_v1", input_px=size_px
    )

    found = detector.detect(golden[f"images_{size_px}"], sizes)

    ends = np.cumsum(golden[f"lengths_{size_px}"])
    for one, wanted in zip(
        found, np.split(golden[f"detections_{size_px}"], ends[:-1]), strict=True
    ):
        assert len(one.scores) == len(wanted)
        for row in wanted:
            assert has_twin(one, row)


def test_ap_on_its_pixels_is_that_of_the_old_runtime(folder: Path, heads: Any) -> None:
    golden = np.load(folder / "golden_data_root.npz")
    coco = open_coco(folder / "data-root")
    ids = [one.image_id for one in coco.images]
    sizes = np.asarray([(one.height_px, one.width_px) for one in coco.images], np.int32)
    for size_px in SIZES_PX:
        ends = np.cumsum(golden[f"lengths_{size_px}"])[:-1]
        old = [
            ImageDetections(
                classes=rows[:, 0].astype(np.int32),
                scores=rows[:, 1],
                boxes_xyxy=rows[:, 2:],
            )
            for rows in np.split(golden[f"detections_{size_px}"], ends)
        ]
        detector = ObjectDetector(
            find=objects_of_heads(heads), backbone="mobilenet_v1", input_px=size_px
        )

        new = detector.detect(golden[f"images_{size_px}"], sizes)

        assert coco_ap.score(join_images(ids, new), coco.truth)[
            "box_ap"
        ] == pytest.approx(
            coco_ap.score(join_images(ids, old), coco.truth)["box_ap"], abs=0.05
        )


def has_twin(found: ImageDetections, row: Any) -> bool:
    """Whether a detection of the old runtime is among ours."""
    return bool(
        (
            (found.classes == row[0])
            & (abs(found.scores - row[1]) < NEAR)
            & (abs(found.boxes_xyxy - row[2:]).max(axis=1) < 0.1)
        ).any()
    )
