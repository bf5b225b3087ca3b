import numpy as np
import pytest

from harness.model.boxes.face_scales import base_scale, largest_scale, resize_lanczos


@pytest.mark.parametrize(
    ("height_px", "width_px", "base", "largest"),
    [  # zoo-spec 1.7, golden values
        (768, 1024, 1, 1.47),
        (683, 1024, 1, 1.59),
        (576, 1024, 1, 1.76),
        (1024, 1024, 1, 1.32),
        (1385, 1024, 1, 1.09),
        (2000, 1024, 0.86, 0.86),
        (4000, 1024, 0.52, 0.52),
        (500, 300, 1, 3.6),
        (200, 300, 1, 6.0),
    ],
)
def test_scales_are_those_of_the_published_tool(height_px, width_px, base, largest):
    assert base_scale(height_px, width_px) == pytest.approx(base, abs=1e-12)
    assert largest_scale(height_px, width_px) == pytest.approx(largest, abs=1e-12)


@pytest.mark.parametrize(
    ("height_px", "width_px", "largest"),
    [  # each from the scale on that more is taken off, and a hundredth below it
        (838, 1024, 1.49),
        (828, 1024, 1.5 - 0.1),
        (509, 1024, 2.3 - 0.3 - 0.1),  # 1.9999999999999998, so not yet 0.2
        (504, 1024, 2.01 - 0.2),
        (250, 1024, 2.99 - 0.2),
        (248, 1024, 3 - 0.3),
        (147, 1024, 3.99 - 0.3),
        (146, 1024, 4 - 0.4),
        (155, 640, 4.99 - 0.4),
        (154, 640, 5 - 0.5),
    ],
)
def test_more_is_taken_off_from_each_edge_on(height_px, width_px, largest):
    assert largest_scale(height_px, width_px) == pytest.approx(largest, abs=1e-12)


def test_no_scale_is_below_a_tenth():
    assert base_scale(40_000, 40_000) == 0.1


def test_sides_are_cut_to_whole_pixels():
    rgb = np.zeros((7, 11, 3), np.uint8)

    assert resize_lanczos(rgb, 0.5).shape == (3, 5, 3)
    assert resize_lanczos(rgb, 0.1).shape == (1, 1, 3)
    assert resize_lanczos(rgb, 1.0) is rgb
    assert resize_lanczos(rgb, 0.5).dtype == np.uint8


def test_a_flat_image_stays_flat():
    rgb = np.full((40, 60, 3), (10, 200, 90), np.uint8)

    assert (resize_lanczos(rgb, 0.86) == (10, 200, 90)).all()
