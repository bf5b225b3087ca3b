import numpy as np

from harness.dataset.drawn.face_scenes import draw_face_scene
from harness.train.face_batches import draw_face_batch


def test_a_batch_holds_the_crowds_of_its_step_at_one_size():
    batch = draw_face_batch(3, seed=5, batch=2, sizes_px=(128,))

    assert batch.images_rgb.shape == (2, 128, 128, 3)
    for place in range(2):
        scene = draw_face_scene(5, 3 * 2 + place, sides_px=(128,))
        assert np.array_equal(batch.images_rgb[place], scene.rgb)
        found = batch.boxes_xyxy[place] * 128
        near, sides = scene.boxes_xywh[:, :2], scene.boxes_xywh[:, 2:]
        assert np.allclose(found, np.hstack([near, near + sides]), atol=1e-4)


def test_both_sizes_occur():
    sizes = {
        draw_face_batch(k, seed=5, batch=1, sizes_px=(64, 96)).images_rgb.shape[1]
        for k in range(8)
    }

    assert sizes == {64, 96}
