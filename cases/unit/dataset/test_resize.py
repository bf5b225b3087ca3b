import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.dataset.resize import resize_cubic

SIDES_PX = st.integers(1, 90)


def draw(seed: int, height_px: int, width_px: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)


def cubic_weight(distance: float) -> float:
    """The cubic convolution kernel with a = -0.75, which is OpenCV's."""
    a, d = -0.75, abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    if d < 2:
        return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
    return 0.0


def stretched_row(row: list[int], side_px: int) -> list[float]:
    """One channel of one row, worked out pixel by pixel; the edge pixel repeats."""
    scale = len(row) / side_px
    out = []
    for x in range(side_px):
        centre = (x + 0.5) * scale - 0.5
        first = int(np.floor(centre)) - 1
        total = sum(
            row[min(max(k, 0), len(row) - 1)] * cubic_weight(centre - k)
            for k in range(first, first + 4)
        )
        out.append(min(max(total, 0), 255))
    return out


@settings(max_examples=60, deadline=None)
@given(height_px=SIDES_PX, width_px=SIDES_PX, input_px=SIDES_PX, seed=st.integers(0, 9))
def test_scale_factors_give_the_pixels_of_a_target_size(
    height_px: int, width_px: int, input_px: int, seed: int
) -> None:
    rgb = draw(seed, height_px, width_px)

    found = resize_cubic(rgb, input_px)

    wanted = cv2.resize(rgb, (input_px, input_px), interpolation=cv2.INTER_CUBIC)
    assert found.shape == (input_px, input_px, 3)
    assert found.dtype == np.uint8
    assert (found == wanted).all()


@pytest.mark.parametrize("input_px", [320, 416, 608])
@pytest.mark.parametrize(("width_px", "height_px"), [(640, 427), (333, 500), (51, 72)])
def test_published_sizes_are_met_exactly(
    input_px: int, width_px: int, height_px: int
) -> None:
    rgb = draw(1, height_px, width_px)

    found = resize_cubic(rgb, input_px)

    wanted = cv2.resize(rgb, (input_px, input_px), interpolation=cv2.INTER_CUBIC)
    assert found.shape == (input_px, input_px, 3)
    assert (found == wanted).all()


@pytest.mark.parametrize("side_px", [3, 5, 8, 13, 16])
def test_pixels_are_those_of_the_cubic_kernel(side_px: int) -> None:
    row = [0, 200, 30, 255, 90, 90, 10, 128]
    rgb = np.array(row, np.uint8)[None, :, None].repeat(8, axis=0).repeat(3, axis=2)

    found = resize_cubic(rgb, side_px)

    wanted = np.array(stretched_row(row, side_px))
    assert (abs(found[side_px // 2, :, 0] - wanted) <= 1).all()  # fixed point: +-1


@given(value=st.integers(0, 255), input_px=SIDES_PX)
@settings(max_examples=30, deadline=None)
def test_one_colour_stays_that_colour(value: int, input_px: int) -> None:
    rgb = np.full((7, 11, 3), value, np.uint8)

    assert (resize_cubic(rgb, input_px) == value).all()


def test_the_own_size_changes_nothing() -> None:
    rgb = draw(3, 20, 20)

    assert (resize_cubic(rgb, 20) == rgb).all()


def test_the_image_is_stretched_and_not_padded() -> None:
    rgb = np.zeros((10, 40, 3), np.uint8)
    rgb[:, 20:] = 255

    found = resize_cubic(rgb, 16)

    assert (found[:, :6] == 0).all()
    assert (found[:, 10:] == 255).all()


def test_the_input_is_left_alone() -> None:
    rgb = draw(4, 9, 5)
    rgb.flags.writeable = False

    found = resize_cubic(rgb, 9)

    assert found.flags.writeable
    assert (rgb == draw(4, 9, 5)).all()
