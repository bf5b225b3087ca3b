"""The curve of a training is the same, however often it was stopped."""

from pathlib import Path

import pytest

from harness.pipeline.train.curve import FILE_NAME, MOST_LOSSES, Curve
from harness.train.loop import Progress
from harness.values.schedules import Schedule


def schedule_of(steps: int, save_every_steps: int = 4) -> Schedule:
    return Schedule(
        steps=steps,
        batch=2,
        base_rate=0.1,
        warmup_steps=0,
        milestones=(),
        save_every_steps=save_every_steps,
    )


def progress_of(step: int, steps: int, score_pct: float | None = None) -> Progress:
    return Progress(
        step=step,
        steps=steps,
        epoch=0,
        losses={"xy": float(step)},
        rate=0.1,
        images_per_s=1.0,
        left_s=1.0,
        score_pct=score_pct,
    )


@pytest.mark.parametrize("steps", [1, 99, 100, 101, 1234])
def test_a_curve_has_a_hundred_losses_at_most_and_the_last_one(
    tmp_path: Path, steps: int
) -> None:
    curve = Curve(folder=tmp_path, schedule=schedule_of(steps))
    for step in range(1, steps + 1):
        curve.add(progress_of(step, steps))

    told = [one.step for one in curve.losses(steps)]
    assert told[-1] == steps
    assert min(steps, MOST_LOSSES // 2) <= len(told) <= MOST_LOSSES + 1
    assert told == sorted(set(told))


def test_another_process_goes_on_with_the_curve(tmp_path: Path) -> None:
    folder, schedule = tmp_path, schedule_of(8)
    first = Curve(folder=folder, schedule=schedule)
    for step in range(1, 4):
        first.add(progress_of(step, 3, 7.0 if step == 3 else None))
    second = Curve(folder=folder, schedule=schedule)
    for step in range(3, 9):  # the third was not kept
        second.add(progress_of(step, 8, float(step) if step % 4 == 0 else None))

    assert [one.step for one in second.losses(8)] == list(range(1, 9))
    assert [(one.step, one.ap_pct) for one in second.scores(8)] == [(4, 4), (8, 8)]
    assert [(one.step, one.ap_pct) for one in second.scores(3)] == [(3, 7)]


@pytest.mark.parametrize("content", [b"", b"{", b'{"losses": 3}', b"\xff"])
def test_a_file_that_says_nothing_begins_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    curve = Curve(folder=tmp_path, schedule=schedule_of(8))

    assert curve.losses(8) == ()
