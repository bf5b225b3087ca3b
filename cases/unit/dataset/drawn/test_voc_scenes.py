import numpy as np
import pytest

from harness.dataset.drawn.scenes import CLASS_NAMES, draw_scene
from harness.dataset.drawn.voc_scenes import write_voc_scenes
from harness.dataset.image import read_rgb
from harness.dataset.pil_image import read_rgb_with_pil
from harness.dataset.voc import DEVKIT, open_voc

SEED = 4


@pytest.fixture
def root(tmp_path):
    write_voc_scenes(tmp_path, seed=SEED, count=5)
    return tmp_path


def test_what_was_written_opens_as_a_voc_set(root):
    found = open_voc(root)

    scenes = [draw_scene(SEED, index) for index in range(5)]
    assert found.truth.class_names.tolist() == list(CLASS_NAMES)
    assert found.truth.image_names.tolist() == [f"{k:06d}" for k in range(1, 6)]
    for image, scene in zip(found.images, scenes, strict=True):
        assert (image.height_px, image.width_px) == scene.rgb.shape[:2]
        assert np.array_equal(read_rgb(image.path), scene.rgb)
        assert np.array_equal(read_rgb_with_pil(image.path), scene.rgb)
    boxes = np.concatenate([one.boxes_xyxy for one in scenes])
    kinds = np.concatenate([one.classes for one in scenes])
    assert found.truth.box_classes.tolist() == kinds.tolist()
    first_pixel_is_1 = np.array([1, 1, 0, 0])
    assert np.array_equal(found.truth.boxes_xyxy, boxes + first_pixel_is_1)


def test_what_the_border_cuts_is_difficult(root):
    truth = open_voc(root).truth
    width, height = truth.sizes_wh[truth.box_image_ids].T
    x1, y1, x2, y2 = truth.boxes_xyxy.T
    is_cut = (x1 == 1) | (y1 == 1) | (x2 == width) | (y2 == height)

    assert truth.is_difficult.tolist() == is_cut.tolist()
    assert 0 < is_cut.sum() < len(is_cut)


def test_a_folder_that_is_there_is_kept(root):
    before = open_voc(root).fingerprint

    write_voc_scenes(root, seed=SEED + 1, count=2, report=pytest.fail)

    assert open_voc(root).fingerprint == before


@pytest.mark.parametrize("fails_at", [1, 3])
def test_a_run_that_is_stopped_leaves_nothing(tmp_path, fails_at):
    def report(done, total):
        if done == fails_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_voc_scenes(tmp_path, seed=SEED, count=3, report=report)

    assert list(tmp_path.iterdir()) == []


def test_progress_counts_the_images(tmp_path):
    told = []

    write_voc_scenes(tmp_path, seed=SEED, count=2, report=lambda *one: told.append(one))

    assert told == [(1, 2), (2, 2)]
    assert [one.name for one in tmp_path.iterdir()] == [DEVKIT.name]
