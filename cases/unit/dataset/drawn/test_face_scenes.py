import hashlib

import numpy as np
import pytest

from harness.dataset.drawn import face_scenes
from harness.dataset.drawn.face_scenes import SIDES_PX, draw_face_scene

SEED = 99
DIGEST_OF_TWENTY = "4a3ed705ddc9c2bd172f65700f9b5b3e785e7ce5484bc86794e27ab57594fd0e"


@pytest.fixture(scope="module")
def twenty():
    return [draw_face_scene(SEED, index) for index in range(20)]


def test_crowds_are_the_same_on_every_machine(twenty):
    content = hashlib.sha256()
    for scene in twenty:
        for array in (scene.rgb, scene.boxes_xywh):
            content.update(f"{array.dtype.str}{array.shape}".encode())
            content.update(np.ascontiguousarray(array).tobytes())

    assert content.hexdigest() == DIGEST_OF_TWENTY


def test_faces_lie_in_their_image(twenty):
    for scene in twenty:
        height, width, _ = scene.rgb.shape
        assert {height, width} <= set(SIDES_PX)
        x, y, w, h = scene.boxes_xywh.T
        assert (w > 0).all()
        assert (h > 0).all()
        assert (x >= 0).all()
        assert (y >= 0).all()
        assert (x + w <= width).all()
        assert (y + h <= height).all()


def test_small_and_large_faces_and_images_without_any_occur(twenty):
    heights = np.concatenate([scene.boxes_xywh[:, 3] for scene in twenty])

    assert (heights < 16).any()
    assert (heights > 48).any()
    assert any(not len(draw_face_scene(SEED, k).boxes_xywh) for k in range(60))


def test_a_side_can_be_asked_for():
    assert draw_face_scene(SEED, 0, sides_px=(64,)).rgb.shape == (64, 64, 3)


def test_a_head_without_a_face_is_not_one(monkeypatch):
    monkeypatch.setattr(face_scenes, "FACELESS_OF_TEN", 10)

    assert not any(len(draw_face_scene(SEED, k).boxes_xywh) for k in range(10))
