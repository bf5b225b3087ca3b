"""Objects in resized images, by heads that a test makes."""

import numpy as np
import pytest

from harness.model.boxes.object_finding import ObjectDetector, objects_of_heads
from harness.model.boxes.preprocess import NORMALISATIONS


def images(batch, input_px, seed=1):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (batch, input_px, input_px, 3), dtype=np.uint8)


def test_boxes_are_in_the_pixels_of_the_original():
    def heads(x):
        assert x.shape == (1, 3, 32, 32)
        outputs = [np.zeros((1, 3, 6, n, n), np.float32) for n in (1, 2, 4)]
        for one in outputs:
            one[:, :, 4] = -50
        outputs[2][0, 1, :, 1, 2] = (0, 0, 0, 0, 9, 9)  # anchor 16 x 30, stride 8
        return [one.reshape(1, 18, *one.shape[3:]) for one in outputs]

    (found,) = ObjectDetector(
        find=objects_of_heads(heads), backbone="mobilenet_v1", input_px=32
    ).detect(images(1, 32), np.int32([[320, 640]]))

    # Cell (2.5, 1.5) of 4 in 640 x 320; 20 and 10 times the network's pixels.
    assert found.boxes_xyxy.tolist() == [[240, 0, 560, 270]]
    assert found.classes.tolist() == [0]


@pytest.mark.parametrize("backbone", NORMALISATIONS)
def test_the_heads_get_images_normalised_as_the_backbone_wants_them(backbone):
    seen = []

    def heads(x):
        seen.append(x)
        return [np.full((1, 18, n, n), -50, np.float32) for n in (1, 2, 4)]

    ObjectDetector(find=objects_of_heads(heads), backbone=backbone, input_px=32).detect(
        np.full((1, 32, 32, 3), 255, np.uint8), np.int32([[32, 32]])
    )

    white = 255 if backbone == "resnet50_vd_dcn_obj365" else 1
    assert seen[0][0, 2] == pytest.approx((white - 0.406) / 0.225)  # blue


@pytest.mark.parametrize(("candidates", "is_noted"), [(31, False), (32, True)])
def test_an_image_with_more_than_half_its_cells_as_candidates_is_noted(
    candidates, is_noted
):
    """63 cells: 3 anchors in each of 1, 4 and 16 places."""
    silent = np.full(63, -50, np.float32)
    silent[:candidates] = 0

    def heads(x):
        outputs, start = [], 0
        for n in (1, 2, 4):
            one = np.zeros((1, 3, 6, n, n), np.float32)
            one[0, :, 4] = silent[start : start + 3 * n * n].reshape(3, n, n)
            outputs.append(one.reshape(1, 18, n, n))
            start += 3 * n * n
        return outputs

    notes = []
    find = objects_of_heads(heads, noting=notes.append)
    find(np.zeros((1, 3, 32, 32), np.float32), np.int32([[32, 32]]))

    said = f"{candidates} of 63 cells of an image are candidates"
    assert notes == ([f"{said}: the network looks untrained"] if is_noted else [])
