from collections.abc import Callable

import pytest

from harness.pipeline.measure.progress_lines import EVERY_S, ProgressLines
from harness.train.loop import Progress

TRAINED = (
    "training baseline: step 100 of 100, loss 12.34 (xy 0.34, objectness 12.00), "
    "rate 1.0e-03, 80 images/s, 15 min left"
)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def written() -> list[str]:
    return []


@pytest.fixture
def lines(written: list[str], clock: Clock) -> ProgressLines:
    return ProgressLines(written.append, clock)


def progress_at(
    step: int,
    *,
    images_per_s: float = 80.2,
    left_s: float = 900.0,
    score_pct: float | None = None,
) -> Progress:
    return Progress(
        step=step,
        steps=100,
        epoch=0,
        losses={"xy": 0.343, "objectness": 12.0},
        rate=1e-3,
        images_per_s=images_per_s,
        left_s=left_s,
        score_pct=score_pct,
    )


def test_the_first_line_comes_at_once(lines: ProgressLines, written: list[str]) -> None:
    lines.detecting("coco", 0, 200)

    assert written == ["detecting on coco: 0 of 200 images"]


def test_lines_between_are_held_back(
    lines: ProgressLines, written: list[str], clock: Clock
) -> None:
    for done in range(50):
        lines.detecting("coco", done, 200)
        clock.now_s += EVERY_S / 100

    assert written == ["detecting on coco: 0 of 200 images"]


def test_a_line_comes_again_after_the_wait(
    lines: ProgressLines, written: list[str], clock: Clock
) -> None:
    lines.drawing("coco", 1, 9)
    clock.now_s += EVERY_S
    lines.drawing("coco", 2, 9)

    assert written == ["drawing coco scenes: 1 of 9", "drawing coco scenes: 2 of 9"]


def test_the_wait_starts_anew_with_each_line(
    lines: ProgressLines, written: list[str], clock: Clock
) -> None:
    for done in range(1, 9):
        lines.drawing("coco", done, 9)
        clock.now_s += EVERY_S * 0.6

    assert written == [f"drawing coco scenes: {done} of 9" for done in (1, 3, 5, 7)]


@pytest.mark.parametrize(
    ("tell", "last"),
    [
        (lambda one: one.drawing("coco", 9, 9), "drawing coco scenes: 9 of 9"),
        (lambda one: one.detecting("coco", 9, 9), "detecting on coco: 9 of 9 images"),
        (
            lambda one: one.fetching("demo")(2_500_000, 2_500_000),
            "fetching demo: 2.5 of 2.5 MB",
        ),
        (
            lambda one: one.training("baseline", progress_at(100)),
            TRAINED,
        ),
    ],
    ids=["drawing", "detecting", "fetching", "training"],
)
def test_the_last_line_always_comes(
    lines: ProgressLines,
    written: list[str],
    tell: Callable[[ProgressLines], None],
    last: str,
) -> None:
    lines.drawing("coco", 1, 9)
    lines.detecting("coco", 1, 9)
    lines.fetching("demo")(1, 2_500_000)
    lines.training("baseline", progress_at(1))
    written.clear()
    tell(lines)

    assert written == [last]


@pytest.mark.parametrize(
    ("left_s", "told"),
    [
        (0, "0 min"),
        (1, "1 min"),
        (60, "1 min"),
        (60.5, "2 min"),
        (59 * 60, "59 min"),
        (59 * 60 + 1, "1 h 00 min"),
        (26.1 * 3600, "26 h 06 min"),
    ],
)
def test_the_time_left_is_told_in_hours_and_minutes(
    lines: ProgressLines, written: list[str], left_s: float, told: str
) -> None:
    lines.training("baseline", progress_at(1, left_s=left_s))

    assert written[0].endswith(f" images/s, {told} left")


@pytest.mark.parametrize(
    ("speed", "told"), [(9.996, "10.00"), (0.25, "0.25"), (10, "10")]
)
def test_a_slow_training_is_told_with_decimals(
    lines: ProgressLines, written: list[str], speed: float, told: str
) -> None:
    lines.training("baseline", progress_at(1, images_per_s=speed))

    assert f", {told} images/s, " in written[0]


def test_an_evaluation_is_told_though_the_wait_is_not_over(
    lines: ProgressLines, written: list[str]
) -> None:
    lines.training("baseline", progress_at(1))
    lines.training("baseline", progress_at(2))
    lines.training("baseline", progress_at(3, score_pct=31.25))

    assert len(written) == 2
    assert written[1].endswith(", 15 min left, AP 31.2")


def test_a_training_that_goes_on_says_from_where(
    lines: ProgressLines, written: list[str]
) -> None:
    standing = Progress(step=40, steps=100, epoch=1, losses={}, rate=1e-3)
    lines.training("baseline", standing)

    assert written == ["training baseline: goes on after step 40 of 100"]


def test_pieces_of_work_do_not_hold_each_other_back(
    lines: ProgressLines, written: list[str]
) -> None:
    lines.fetching("one")(1_000_000, None)
    lines.fetching("two")(1_000_000, None)

    assert written == ["fetching one: 1.0 MB", "fetching two: 1.0 MB"]


def test_the_watcher_tells_the_same_lines(
    lines: ProgressLines, written: list[str]
) -> None:
    watcher = lines.watcher()
    fetching = watcher.fetching("demo")
    assert fetching is not None
    fetching(1_000_000, 2_000_000)
    watcher.detecting("coco", 1, 2)

    assert written == [
        "fetching demo: 1.0 of 2.0 MB",
        "detecting on coco: 1 of 2 images",
    ]


def test_images_checked_and_files_unpacked_are_told(
    lines: ProgressLines, written: list[str]
) -> None:
    tell = lines.checking("coco")
    for done in (1, 2, 3):
        tell(done, 3)
        lines.unpacking("val2017.zip", done)

    assert written == [
        "checking coco: 1 of 3 images",
        "unpacking val2017.zip: 1 files",
        "checking coco: 3 of 3 images",
    ]
