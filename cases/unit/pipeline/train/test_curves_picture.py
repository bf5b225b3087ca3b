import cv2
import pytest

from harness.pipeline.train.curves_picture import (
    DPI,
    LONGEST_TITLE_CHARS,
    SIZE_INCHES,
    curves_figure,
    draw_curves,
)
from harness.pipeline.train.metrics_file import MetricsLine

TITLE = "demo/demo_yolov3, seed 7"


def line_at(step, *, score_pct=None, **losses):
    return MetricsLine(
        step=step,
        epoch=0,
        losses=losses or {"xy": 2.0 / step, "objectness": 40.0 / step},
        rate=0.01 / step,
        images_per_s=8.0,
        wall_s=float(step),
        score_pct=score_pct,
    )


LINES = [
    line_at(step, score_pct=step if step % 4 == 0 else None) for step in range(1, 13)
]


def panels(lines, title=TITLE):
    figure = curves_figure(lines, title=title)
    return figure, figure.axes


def drawn(panel):
    return [(list(one.get_xdata()), list(one.get_ydata())) for one in panel.lines]


def test_the_picture_is_a_png_of_its_size(tmp_path):
    draw_curves(LINES, tmp_path / "curves.png", title=TITLE)

    pixels = cv2.imread(str(tmp_path / "curves.png"))
    assert pixels.shape == (SIZE_INCHES[1] * DPI, SIZE_INCHES[0] * DPI, 3)
    assert [one.name for one in tmp_path.iterdir()] == ["curves.png"]


def test_the_same_lines_are_the_same_bytes(tmp_path):
    paths = [tmp_path / name for name in ("one.png", "other.png")]
    for path in paths:
        draw_curves(LINES, path, title=TITLE)

    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_three_panels_name_what_they_show():
    figure, (losses, rate, score) = panels(LINES)

    assert figure.get_suptitle() == TITLE
    assert [one.get_ylabel() for one in (losses, rate, score)] == [
        "loss by part",
        "learning rate",
        "AP (%)",
    ]
    assert score.get_xlabel() == "steps done"
    named = [one.get_text() for one in losses.get_legend().get_texts()]
    assert named == ["xy", "objectness"]
    assert losses.get_yscale() == "log"


def test_the_curves_are_those_of_the_lines():
    _, (losses, rate, score) = panels(LINES)
    steps = [one.step for one in LINES]

    assert drawn(losses)[0] == (steps, [one.losses["xy"] for one in LINES])
    assert drawn(losses)[2] == (steps, [one.losses["objectness"] for one in LINES])
    assert drawn(rate) == [(steps, [one.rate for one in LINES])]
    assert drawn(score) == [([4, 8, 12], [4, 8, 12])]
    assert [one.get_text() for one in score.texts] == ["12.0"]
    assert score.get_ylim()[0] == 0
    assert score.get_ylim()[1] > 12


def test_a_noisy_loss_is_drawn_with_its_mean():
    lines = [line_at(step, xy=float(step)) for step in range(1, 101)]  # of two lines
    _, (losses, *_) = panels(lines)

    assert drawn(losses)[1][1] == [1, *(step - 0.5 for step in range(2, 101))]


def test_a_training_that_was_not_evaluated_says_so():
    _, (*_, score) = panels([line_at(1)])

    assert [one.get_text() for one in score.texts] == ["not evaluated so far"]
    assert drawn(score) == []


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [line_at(1, xy=0.0)],
        [line_at(1), line_at(2, distil_l2=3.0)],
        [MetricsLine(step=1, epoch=0, losses={}, rate=0, images_per_s=None, wall_s=0)],
    ],
    ids=["nothing", "a loss of 0", "a part that comes later", "an evaluation alone"],
)
@pytest.mark.filterwarnings("error")
def test_whatever_the_lines_tell_can_be_drawn(tmp_path, lines):
    draw_curves(lines, tmp_path / "curves.png", title=TITLE)


def test_a_title_is_cut_and_no_formula(tmp_path):
    figure, _ = panels(LINES, title="$x^2$ " + "x" * 500)
    draw_curves(LINES, tmp_path / "curves.png", title="$\\frac{$ \x1b[2J")

    shown = figure.get_suptitle()
    assert shown.startswith("\\$x^2\\$ x")
    assert len(shown) < LONGEST_TITLE_CHARS + 40  # with what was cut


def test_a_picture_that_fails_leaves_the_one_before(tmp_path):
    path = tmp_path / "curves.png"
    draw_curves(LINES, path, title=TITLE)
    before = path.read_bytes()
    with pytest.raises(AttributeError):
        draw_curves([*LINES, None], path, title=TITLE)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
