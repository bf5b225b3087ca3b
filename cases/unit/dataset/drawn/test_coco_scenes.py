import json

import numpy as np
import pytest

from harness.dataset.coco import ANNOTATIONS, open_coco
from harness.dataset.drawn import coco_scenes
from harness.dataset.drawn.coco_scenes import (
    CATEGORY_IDS,
    annotations_of,
    write_coco_scenes,
)
from harness.dataset.drawn.scenes import CLASS_NAMES, draw_scene
from harness.dataset.image import read_rgb

SEED = 4


def test_what_was_written_opens_as_a_coco_set(tmp_path):
    write_coco_scenes(tmp_path, seed=SEED, count=3)

    found = open_coco(tmp_path)

    scenes = [draw_scene(SEED, index) for index in range(3)]
    assert [one.image_id for one in found.images] == [1, 2, 3]
    for image, scene in zip(found.images, scenes, strict=True):
        assert (image.height_px, image.width_px) == scene.rgb.shape[:2]
        assert np.array_equal(read_rgb(image.path), scene.rgb)
    boxes = np.concatenate([one.boxes_xyxy for one in scenes])
    kinds = np.concatenate([one.classes for one in scenes])
    assert found.truth.category_ids.tolist() == list(CATEGORY_IDS)
    assert found.truth.box_category_ids.tolist() == [CATEGORY_IDS[one] for one in kinds]
    assert np.array_equal(found.truth.boxes_xywh[:, :2], boxes[:, :2])
    assert np.array_equal(found.truth.boxes_xywh[:, 2:], boxes[:, 2:] - boxes[:, :2])
    assert not found.truth.is_crowd.any()


def test_the_same_seed_gives_the_same_set(tmp_path):
    fingerprints = []
    for name, seed in (("a", SEED), ("b", SEED), ("c", SEED + 1)):
        write_coco_scenes(tmp_path / name, seed=seed, count=2)
        fingerprints.append(open_coco(tmp_path / name).fingerprint)

    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def test_category_ids_are_as_awkward_as_cocos():
    assert len(CATEGORY_IDS) == len(CLASS_NAMES)
    assert list(CATEGORY_IDS) == sorted(CATEGORY_IDS)
    assert list(CATEGORY_IDS) != list(range(len(CATEGORY_IDS)))


def test_annotation_ids_count_from_1():
    document = annotations_of([draw_scene(SEED, index) for index in range(2)])

    numbers = [one["id"] for one in document["annotations"]]
    assert numbers == list(range(1, len(numbers) + 1))


def test_progress_counts_the_images(tmp_path):
    told = []

    write_coco_scenes(
        tmp_path, seed=SEED, count=2, report=lambda *one: told.append(one)
    )

    assert told == [(1, 2), (2, 2)]


def test_a_folder_that_is_there_is_kept(tmp_path):
    write_coco_scenes(tmp_path, seed=SEED, count=1)
    before = (tmp_path / ANNOTATIONS).stat().st_mtime_ns

    write_coco_scenes(tmp_path, seed=SEED + 1, count=2, report=pytest.fail)

    assert (tmp_path / ANNOTATIONS).stat().st_mtime_ns == before
    assert len(json.loads((tmp_path / ANNOTATIONS).read_text())["images"]) == 1


@pytest.mark.parametrize("fails_at", [1, 3])
def test_a_run_that_is_stopped_leaves_nothing(tmp_path, fails_at):
    def report(done, total):
        if done == fails_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_coco_scenes(tmp_path, seed=SEED, count=3, report=report)

    assert list(tmp_path.iterdir()) == []


def test_annotations_that_cannot_be_made_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(coco_scenes, "annotations_of", lambda scenes: {"a": object()})

    with pytest.raises(TypeError, match="not JSON serializable"):
        write_coco_scenes(tmp_path, seed=SEED, count=1)

    assert list(tmp_path.iterdir()) == []
