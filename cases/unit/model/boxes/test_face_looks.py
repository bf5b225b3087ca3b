import numpy as np
import pytest

from harness.model.boxes import face_looks
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


#: Heights of images 1,024 px wide -> the looks after the two at the base scale. Each
#: edge is a largest scale; the pair beside it is that scale a hundredth away.
EDGES = {
    # 0.75: from there on the shrunk look is 0.5, and the pyramid begins
    2460: ["0.37 large", "0.555 large", "0.25 large"],
    2459: ["0.5 large", "0.625 large", "0.25 large", "0.75 large"],
    2414: ["0.5 large", "0.625 large", "0.25 large", "0.75 large"],
    # 1: above it an image is enlarged by itself
    1604: ["0.5 large", "0.75 large", "0.25 large", "0.75 large"],
    1581: ["0.5 large", "0.75 large", "0.25 large", "0.75 large"],
    1580: ["0.5 large", "1.01 small", "0.25 large", "0.75 large"],
    # 1.25: a step of the pyramid
    1129: ["0.5 large", "1.24 small", "0.25 large", "0.75 large"],
    1128: ["0.5 large", "1.25 small", "0.25 large", "0.75 large", "1.25 small"],
    1115: ["0.5 large", "1.25 small", "0.25 large", "0.75 large", "1.25 small"],
}
PYRAMID_OF_ALL = ["0.25 large", "0.75 large", "1.25 small", "1.5 small", "1.75 small"]
EDGES |= {
    # 2: above it the largest scale is a look of its own
    434: ["0.5 large", "1.99 small", *PYRAMID_OF_ALL],
    433: ["0.5 large", "2 small", *PYRAMID_OF_ALL],
    431: ["0.5 large", "2 small", *PYRAMID_OF_ALL],
    430: ["0.5 large", "2 small", "2.01 small", *PYRAMID_OF_ALL],
    # 4: above it there is a look at 4 too
    123: ["0.5 large", "2 small", "3.99 small", *PYRAMID_OF_ALL],
    122: ["0.5 large", "2 small", "4 small", "4.01 small", *PYRAMID_OF_ALL],
}


@pytest.mark.parametrize("height_px", EDGES)
def test_a_largest_scale_at_an_edge_belongs_to_the_side_of_the_published_tool(
    height_px,
):
    assert told(looks_of(height_px, 1024)[2:]) == EDGES[height_px]  # zoo-spec 1.7


def test_a_largest_scale_of_exactly_four_is_looked_at_once(monkeypatch):
    """No image 1,024 px wide has it; others do."""
    monkeypatch.setattr(face_looks, "largest_scale", lambda *_: 4.0)

    assert told(looks_of(1, 1)[3:5]) == ["2 small", "4 small"]
    assert told(looks_of(1, 1)[5:6]) == ["0.25 large"]


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
