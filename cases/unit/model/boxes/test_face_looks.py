import numpy as np
import pytest

from harness.model.boxes.face_looks import FaceLook, Keep, looked_at_px2, looks_of


def told(looks):
    return [
        f"{one.scale:.4g}{' mirrored' if one.is_mirrored else ''} {one.keep.value}"
        for one in looks
    ]


@pytest.mark.parametrize(
    ("height_px", "width_px", "expected"),
    [
        (  # largest 1.47: enlarged once, the pyramid up to 1.25
            768,
            1024,
            [
                *("1 all", "1 mirrored all", "0.5 large", "1.47 small"),
                *("0.25 large", "0.75 large", "1.25 small"),
            ],
        ),
        (  # largest 0.86: nothing is enlarged beyond it
            2000,
            1024,
            [
                *("0.86 all", "0.86 mirrored all", "0.5 large", "0.68 large"),
                *("0.25 large", "0.75 large"),
            ],
        ),
        (  # largest 0.52: also shrunk by half of that
            4000,
            1024,
            [
                *("0.52 all", "0.52 mirrored all", "0.26 large", "0.39 large"),
                "0.25 large",
            ],
        ),
        (  # largest 6: 2, 4 and itself
            200,
            300,
            [
                *("1 all", "1 mirrored all", "0.5 large"),
                *("2 small", "4 small", "6 small"),
                *("0.25 large", "0.75 large", "1.25 small", "1.5 small", "1.75 small"),
            ],
        ),
        (  # largest 3.6: 2 and itself
            500,
            300,
            [
                *("1 all", "1 mirrored all", "0.5 large", "2 small", "3.6 small"),
                *("0.25 large", "0.75 large", "1.25 small", "1.5 small", "1.75 small"),
            ],
        ),
    ],
)
def test_the_looks_are_those_of_the_published_tool(height_px, width_px, expected):
    assert told(looks_of(height_px, width_px)) == expected  # zoo-spec 1.7


def test_sides_are_inclusive_and_limits_exclusive():
    sides = np.array([[29.0, 5], [29.5, 5], [99, 200], [98.5, 200]])
    boxes = np.hstack([np.zeros((4, 2)), sides])  # inclusive sides are one more

    assert Keep.LARGE.of(boxes).tolist() == [False, True, True, True]
    assert Keep.SMALL.of(boxes).tolist() == [True, True, False, True]
    assert Keep.ALL.of(boxes).tolist() == [True] * 4


def test_a_look_keeps_all_unless_told():
    assert FaceLook(scale=1.0).keep is Keep.ALL


def test_the_looks_at_a_photograph_cost_about_seven_times_the_image():
    scales = (1, 1, 0.5, 1.47, 0.25, 0.75, 1.25)

    expected = 768 * 1024 * sum(one * one for one in scales)
    assert looked_at_px2(768, 1024) == pytest.approx(expected)
