import numpy as np
import pytest

from harness.model.boxes.face_boxes import FACE
from harness.model.boxes.face_finding import FACE_SCALES, look_many
from harness.model.boxes.face_looks import looks_of
from harness.values.detections import ImageDetections


class Eye:
    """Finds the bright pixels of an image as one box, with a score of its own."""

    def __init__(self, score=0.75, misses=()):
        self.score, self.misses, self.sizes = score, misses, []

    def __call__(self, images_rgb):
        (rgb,) = images_rgb
        self.sizes.append(rgb.shape[:2])
        rows, columns = np.nonzero(rgb[..., 0] > 128)
        count = 0 if len(self.sizes) - 1 in self.misses or not len(rows) else 1
        box = (
            [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            if count
            else []
        )
        return [
            ImageDetections(
                classes=np.full(count, FACE, np.int32),
                scores=np.full(count, self.score, np.float32),
                boxes_xyxy=np.array(box, np.float32).reshape(-1, 4),
            )
        ]


@pytest.fixture
def rgb():
    """An image with one bright face of 64 x 48 at (40, 24)."""
    image = np.zeros((200, 300, 3), np.uint8)
    image[24:72, 40:104] = 255
    return image


def test_every_look_is_taken_at_its_scale(rgb):
    eye = Eye()

    look_many(eye, rgb)

    assert eye.sizes == [
        (int(200 * one.scale), int(300 * one.scale)) for one in looks_of(200, 300)
    ]


def test_looks_that_agree_give_one_face_where_it_is(rgb):
    found = look_many(Eye(), rgb)

    assert found.classes.tolist() == [FACE]
    assert found.scores.tolist() == [0.75]
    assert found.boxes_xyxy[0] == pytest.approx([40, 24, 104, 72], abs=2)
    assert found.boxes_xyxy.dtype == np.float32


def test_what_the_mirrored_look_sees_is_put_back(rgb):
    looks = range(len(looks_of(200, 300)))

    found = look_many(Eye(misses=[one for one in looks if one > 1]), rgb)

    assert found.boxes_xyxy[0] == pytest.approx([40, 24, 104, 72], abs=1e-4)


def test_a_face_that_one_look_alone_sees_is_dropped(rgb):
    looks = range(len(looks_of(200, 300)))

    found = look_many(Eye(misses=[one for one in looks if one]), rgb)

    assert len(found.scores) == 0  # the looks without a face have the last place


def test_an_image_without_faces_has_none():
    found = look_many(Eye(), np.zeros((60, 80, 3), np.uint8))

    assert found.boxes_xyxy.shape == (0, 4)


def test_a_single_look_is_one():
    eye = Eye()

    FACE_SCALES["single"](eye, np.zeros((60, 80, 3), np.uint8))

    assert eye.sizes == [(60, 80)]
