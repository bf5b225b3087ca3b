import numpy as np

from harness.dataset.drawn.scenes import MAX_OBJECTS, draw_scene
from harness.dataset.resize import resize_cubic
from harness.train.scene_batches import draw_batch


def draw(step, *, seed=5, sizes_px=(64, 96)):
    return draw_batch(step, seed=seed, batch=2, sizes_px=sizes_px)


def is_equal(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("images_rgb", "boxes_cxcywh", "classes")
    )


def test_a_batch_depends_on_its_seed_and_step_alone():
    assert is_equal(draw(3), draw(3))
    assert not is_equal(draw(3, sizes_px=(64,)), draw(4, sizes_px=(64,)))
    assert not is_equal(draw(3, sizes_px=(64,)), draw(3, seed=6, sizes_px=(64,)))


def test_a_batch_has_one_of_the_sizes_and_both_occur():
    sizes = {draw(step).images_rgb.shape for step in range(8)}

    assert sizes == {(2, 64, 64, 3), (2, 96, 96, 3)}


def test_the_scenes_of_a_batch_follow_those_of_the_batch_before():
    batch = draw(3, sizes_px=(64,))

    for place in range(2):
        scene = draw_scene(5, 3 * 2 + place)
        assert np.array_equal(batch.images_rgb[place], resize_cubic(scene.rgb, 64))


def test_truth_is_centre_and_size_as_shares_of_the_picture():
    batch = draw(0)

    scene = draw_scene(5, 0)
    height, width, _ = scene.rgb.shape
    count = len(scene.classes)
    found = batch.boxes_cxcywh[0, :count] * np.float32([width, height, width, height])
    x1, y1, x2, y2 = scene.boxes_xyxy.T
    expected = np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=1)
    assert np.allclose(found, expected, atol=1e-3)
    assert batch.classes[0, :count].tolist() == scene.classes.tolist()


def test_what_is_padded_has_no_size():
    batch = draw(0)

    assert batch.boxes_cxcywh.shape == (2, MAX_OBJECTS, 4)
    for place in range(2):
        count = len(draw_scene(5, place).classes)
        assert not batch.boxes_cxcywh[place, count:].any()
        assert (batch.boxes_cxcywh[place, :count, 2:] > 0).all()
