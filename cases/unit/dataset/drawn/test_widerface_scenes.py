import numpy as np
import pytest

from harness.dataset.drawn.face_scenes import draw_face_scene
from harness.dataset.drawn.widerface_scenes import (
    EASY_PX,
    EVENTS,
    HARD_PX,
    MEDIUM_PX,
    image_names,
    write_widerface_scenes,
)
from harness.dataset.pil_image import read_rgb_with_pil
from harness.dataset.widerface import open_widerface

SEED = 4


@pytest.fixture
def root(tmp_path):
    write_widerface_scenes(tmp_path, seed=SEED, count=6)
    return tmp_path


def test_what_was_written_opens_as_a_wider_face_set(root):
    found = open_widerface(root)

    scenes = [draw_face_scene(SEED, index) for index in range(6)]
    assert found.faults == ()
    assert found.truth.image_names.tolist() == image_names(6)
    for image, scene in zip(found.images, scenes, strict=True):
        assert (image.height_px, image.width_px) == scene.rgb.shape[:2]
        assert np.array_equal(read_rgb_with_pil(image.path), scene.rgb)
    boxes = np.concatenate([one.boxes_xywh for one in scenes])
    assert np.array_equal(found.truth.boxes_xywh, boxes)


def test_a_subset_counts_heads_from_its_height_on(root):
    truth = open_widerface(root).truth
    heights_px = truth.boxes_xywh[:, 3]

    assert truth.is_easy.tolist() == (heights_px >= EASY_PX).tolist()
    assert truth.is_medium.tolist() == (heights_px >= MEDIUM_PX).tolist()
    assert truth.is_hard.tolist() == (heights_px >= HARD_PX).tolist()
    assert not truth.is_hard.all()  # the smallest are to be ignored


def test_the_events_share_the_images():
    events = [name.partition("/")[0] for name in image_names(5)]

    assert events == [EVENTS[0]] * 3 + [EVENTS[1]] * 2


def test_folders_that_are_there_are_kept(root):
    before = open_widerface(root).fingerprint

    write_widerface_scenes(root, seed=SEED + 1, count=2, report=pytest.fail)

    assert open_widerface(root).fingerprint == before


def test_folders_of_which_one_is_missing_are_completed(root):
    whole = open_widerface(root).fingerprint
    for path in (root / "wider_face_split").iterdir():
        path.unlink()
    (root / "wider_face_split").rmdir()

    write_widerface_scenes(root, seed=SEED, count=6)

    assert open_widerface(root).fingerprint == whole


@pytest.mark.parametrize("fails_at", [1, 3])
def test_a_run_that_is_stopped_leaves_nothing(tmp_path, fails_at):
    def report(done, total):
        if done == fails_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_widerface_scenes(tmp_path, seed=SEED, count=3, report=report)

    assert list(tmp_path.iterdir()) == []
