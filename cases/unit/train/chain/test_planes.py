import cv2
import numpy as np
import pytest

from harness.model.boxes.preprocess import IMAGENET, UNSCALED
from harness.train.chain.planes import INTERPOLATIONS, normalised_planes, resize
from testing.samples import build_sample

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def test_interpolations_are_opencv_s():
    assert INTERPOLATIONS == {
        "nearest": cv2.INTER_NEAREST,
        "linear": cv2.INTER_LINEAR,
        "cubic": cv2.INTER_CUBIC,
        "area": cv2.INTER_AREA,
        "lanczos4": cv2.INTER_LANCZOS4,
    }


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("sides", [(37, 91), (120, 64), (1, 3)])
def test_an_image_becomes_a_square_of_its_own_type(interpolation, kind, sides):
    rgb = build_sample(height_px=sides[0], width_px=sides[1]).rgb.astype(kind)

    found = resize(rgb, 64, interpolation)

    assert (found.shape, found.dtype) == ((64, 64, 3), kind)
    whole = cv2.resize(rgb, (64, 64), interpolation=INTERPOLATIONS[interpolation])
    assert np.array_equal(found, whole)


def test_nearest_takes_the_pixel_below():
    rgb = build_sample(height_px=7, width_px=5).rgb

    found = resize(rgb, 12, "nearest")

    for y in range(12):
        for x in range(12):
            expected = rgb[int(y * 7 / 12), int(x * 5 / 12)]
            assert found[y, x].tolist() == expected.tolist()


def test_linear_weighs_the_four_pixels_around():
    rgb = build_sample(height_px=7, width_px=5).rgb.astype(np.float32)

    found = resize(rgb, 12, "linear")

    for y in range(12):
        for x in range(12):
            at_y = min(max((y + 0.5) * 7 / 12 - 0.5, 0), 6)
            at_x = min(max((x + 0.5) * 5 / 12 - 0.5, 0), 4)
            top, left = min(int(at_y), 5), min(int(at_x), 3)
            down, right = at_y - top, at_x - left
            upper = rgb[top, left] * (1 - right) + rgb[top, left + 1] * right
            lower = rgb[top + 1, left] * (1 - right) + rgb[top + 1, left + 1] * right
            expected = upper * (1 - down) + lower * down
            assert found[y, x].tolist() == pytest.approx(expected.tolist(), abs=0.02)


def test_area_is_the_mean_of_what_a_pixel_covers():
    rgb = build_sample(height_px=24, width_px=36).rgb.astype(np.float32)

    found = resize(rgb, 12, "area")

    means = rgb.reshape(12, 2, 12, 3, 3).mean(axis=(1, 3))
    assert np.allclose(found, means, atol=1e-3)


@pytest.mark.parametrize("normalisation", [IMAGENET, UNSCALED])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_pixels_are_normalised_as_defined(normalisation, kind):
    square = build_sample(height_px=6, width_px=6).rgb.astype(kind)

    found = normalised_planes(square, normalisation)

    assert (found.shape, found.dtype) == ((3, 6, 6), np.float32)
    for y in range(6):
        for x in range(6):
            for c in range(3):
                grey = float(square[y, x, c]) / (normalisation.divisor or 1)
                expected = (grey - MEAN[c]) / STD[c]
                assert found[c, y, x] == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_floats_beyond_bytes_are_not_cut():
    square = np.full((1, 1, 3), 510, np.float32)

    assert normalised_planes(square, IMAGENET)[0, 0, 0] == pytest.approx(
        (2 - 0.485) / 0.229
    )
