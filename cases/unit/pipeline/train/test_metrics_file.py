import json
import re
from pathlib import Path

import pytest

from harness.errors import TrainingFailed
from harness.pipeline.train import metrics_file
from harness.pipeline.train.metrics_file import (
    LINES,
    LONGEST_PART_CHARS,
    MOST_BYTES,
    MOST_PARTS,
    REMOVE,
    MetricsFile,
    MetricsLine,
    read_metrics,
)
from harness.train.loop import Progress
from testing.toy_training import STEPS, toy_run, train

LINE = {"step": 3, "epoch": 0, "losses": {"xy": 1.5}, "rate": 0.1, "wall_s": 2.0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "metrics.jsonl"


def progress_at(step, *, steps=100, loss=1.0, score_pct=None, **words):
    return Progress(
        step=step,
        steps=steps,
        epoch=step // 10,
        losses={"xy": loss, "wh": 2 * loss},
        rate=0.01,
        images_per_s=8.0,
        left_s=1.0,
        score_pct=score_pct,
        **words,
    )


def standing_at(step, *, score_pct=None):
    return Progress(
        step=step, steps=100, epoch=0, losses={}, rate=0.01, score_pct=score_pct
    )


def tell(path, *progresses, clock=lambda: 0.0):
    file = MetricsFile(path, clock=clock)
    return [file.tell(one) for one in progresses]


def write_lines(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))


def steps_of(path):
    return [one.step for one in read_metrics(path)]


def test_what_is_told_of_a_step_is_a_line(path):
    now_s = iter([10.0, 12.5])
    tell(path, progress_at(7, score_pct=31.25), clock=lambda: next(now_s))

    assert json.loads(path.read_text()) == {
        "step": 7,
        "epoch": 0,
        "losses": {"xy": 1.0, "wh": 2.0},
        "rate": 0.01,
        "images_per_s": 8.0,
        "wall_s": 2.5,
        "score_pct": 31.25,
    }
    assert path.read_bytes().endswith(b"}\n")
    assert read_metrics(path) == (
        MetricsLine(
            step=7,
            epoch=0,
            losses={"xy": 1.0, "wh": 2.0},
            rate=0.01,
            images_per_s=8.0,
            wall_s=2.5,
            score_pct=31.25,
        ),
    )


def test_a_line_stands_in_the_file_before_the_next_step(path):
    file = MetricsFile(path)
    for step in (1, 2, 3):
        assert file.tell(progress_at(step))
        assert steps_of(path) == list(range(1, step + 1))


def test_losses_of_a_line_are_means_since_the_line_before(path):
    steps = 3 * LINES  # a line every three
    told = tell(
        path, *(progress_at(step, steps=steps, loss=step) for step in range(1, 7))
    )

    assert told == [False, False, True] * 2
    assert [one.losses["xy"] for one in read_metrics(path)] == [2.0, 5.0]


@pytest.mark.parametrize(
    ("steps", "every"), [(10, 1), (LINES, 1), (2 * LINES - 1, 1), (2 * LINES, 2)]
)
def test_a_long_training_has_no_more_lines_than_a_picture_shows(path, steps, every):
    tell(path, *(progress_at(step, steps=steps) for step in (1, 2, 3, 4)))

    assert steps_of(path) == [step for step in (1, 2, 3, 4) if step % every == 0]


def test_evaluations_and_the_end_have_a_line_wherever_they_are(path):
    steps = 10 * LINES + 3
    tell(
        path,
        progress_at(1, steps=steps),
        progress_at(2, steps=steps, score_pct=0.0),
        progress_at(3, steps=steps),
        progress_at(steps, steps=steps),
    )

    assert steps_of(path) == [2, steps]
    assert [one.score_pct for one in read_metrics(path)] == [0.0, None]


def test_a_training_that_goes_on_takes_later_lines_out(path):
    tell(path, *(progress_at(step) for step in range(1, 9)))
    told = tell(path, standing_at(4), progress_at(5, loss=7.0))

    assert told == [True, True]
    assert steps_of(path) == [1, 2, 3, 4, 5]
    assert read_metrics(path)[-1].losses["xy"] == 7.0


def test_a_training_that_begins_anew_takes_all_lines_out(path):
    tell(path, *(progress_at(step) for step in range(1, 9)))
    tell(path, progress_at(1, loss=7.0))

    assert [one.losses["xy"] for one in read_metrics(path)] == [7.0]


def test_going_on_where_the_lines_end_changes_nothing(path):
    tell(path, progress_at(1), progress_at(2, score_pct=5.0))
    before = path.read_bytes()

    assert tell(path, standing_at(2)) == [False]
    assert tell(path, standing_at(2, score_pct=5.0)) == [False]
    assert path.read_bytes() == before


def test_an_evaluation_that_was_made_up_for_is_told_with_its_step(path):
    tell(path, progress_at(1), progress_at(2), progress_at(3))

    assert tell(path, standing_at(2, score_pct=5.0)) == [True]
    assert [(one.step, one.score_pct) for one in read_metrics(path)] == [
        (1, None),
        (2, 5.0),
    ]
    assert read_metrics(path)[-1].losses == {"xy": 1.0, "wh": 2.0}


def test_an_evaluation_of_a_step_without_a_line_has_one_of_its_own(path):
    tell(path, progress_at(1))
    tell(path, standing_at(3, score_pct=5.0))

    last = read_metrics(path)[-1]
    assert (last.step, last.score_pct, last.losses) == (3, 5.0, {})
    assert last.images_per_s is None


@pytest.mark.parametrize("torn", [b'{"step":9,"ep', b"\0\0\0\0", b"\xff"])
def test_what_a_killed_process_left_is_cut(path, torn):
    tell(path, progress_at(1), progress_at(2))
    whole = path.read_bytes()
    path.write_bytes(whole + torn)

    assert steps_of(path) == [1, 2]
    tell(path, standing_at(2))
    assert path.read_bytes() == whole


def test_the_file_of_a_real_loop_is_the_same_however_often_it_was_stopped(tmp_path):
    folders = tmp_path / "whole", tmp_path / "stopped"
    files = [one / "metrics.jsonl" for one in folders]
    train(folders[0], watch=MetricsFile(files[0]).tell)
    train(folders[1], toy_run(score=None), steps=6, watch=MetricsFile(files[1]).tell)
    for steps in (8, 8, None, None):
        train(folders[1], steps=steps, watch=MetricsFile(files[1]).tell)

    whole, stopped = map(read_metrics, files)
    assert [one.step for one in whole] == list(range(1, STEPS + 1))
    for name in ("step", "epoch", "losses", "rate"):
        assert [getattr(one, name) for one in stopped] == [
            getattr(one, name) for one in whole
        ]
    evaluated = [one.step for one in stopped if one.score_pct is not None]
    assert evaluated == [6, 8, 9, 12]  # three was not evaluated, eight ended early


#: A line that no training writes, and what is told of it.
LIES = {
    "no JSON": (b"hello", "not metrics; expected a line as it was written, got .+"),
    "nothing": (b"", "not metrics"),
    "a list": (b"[1]", "not metrics"),
    "no step": (b'{"epoch":1}', "not metrics"),
    "bytes that are no text": (b'{"step":"\xff"}', "not metrics"),
    "a step of text": (LINE | {"step": "3"}, "not metrics"),
    "a step of half": (LINE | {"step": 3.5}, "not metrics"),
    "an unknown word": (LINE | {"more": 1}, "not metrics"),
    "deep nesting": (b"[" * 100_000, "not metrics"),
    "a negative step": (LINE | {"step": -3}, "a number; expected 0 or more"),
    "a negative rate": (LINE | {"rate": -0.1}, "a number; expected 0 or more"),
    "an AP above all": (LINE | {"score_pct": 100.1}, "a number; expected 0 or more"),
    "a loss that is no number": (
        json.dumps(LINE).replace("1.5", "NaN").encode(),
        "not metrics",
    ),
    "an infinite loss": (
        json.dumps(LINE).replace("1.5", "1e999").encode(),
        "not metrics|a number; expected finite",
    ),
    "too many parts": (
        LINE | {"losses": {f"part{n}": 1.0 for n in range(MOST_PARTS + 1)}},
        "losses; expected 16 parts at most, by name",
    ),
    "a long name": (
        LINE | {"losses": {"x" * (LONGEST_PART_CHARS + 1): 1.0}},
        "losses; expected 16 parts",
    ),
    "a name with orders for a terminal": (
        LINE | {"losses": {"\x1b[2J": 1.0}},
        "losses; expected 16 parts",
    ),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_file_that_lies_is_refused_by_line(path, kind):
    line, message = LIES[kind]
    write_lines(path, LINE | {"step": 1})
    text = line if isinstance(line, bytes) else json.dumps(line).encode()
    path.write_bytes(path.read_bytes() + text + b"\n")

    with pytest.raises(
        TrainingFailed, match=rf"metrics.jsonl: line 2: ({message}).*; {REMOVE}$"
    ):
        read_metrics(path)
    with pytest.raises(TrainingFailed, match="line 2"):
        tell(path, progress_at(5))


def test_as_many_parts_with_names_as_long_as_may_be_are_read(path):
    losses = {f"{'x' * (LONGEST_PART_CHARS - 2)}{n:02}": 1.0 for n in range(MOST_PARTS)}
    write_lines(path, LINE | {"losses": losses, "score_pct": 100.0})

    assert read_metrics(path)[0].losses == losses


@pytest.mark.parametrize("step", [2, 3])
def test_steps_that_do_not_ascend_are_refused(path, step):
    write_lines(path, LINE, LINE | {"step": step})

    with pytest.raises(
        TrainingFailed, match=rf"line 2: step; expected one after 3, got {step}; "
    ):
        read_metrics(path)


def test_a_file_that_is_too_long_is_refused_and_one_at_the_limit_read(path):
    write_lines(path, LINE)
    content = path.read_bytes()
    path.write_bytes(content + b" " * (MOST_BYTES - len(content)))
    assert steps_of(path) == [3]

    path.write_bytes(content + b" " * (MOST_BYTES - len(content) + 1))
    with pytest.raises(
        TrainingFailed, match=rf"metrics.jsonl: bytes; expected {MOST_BYTES} at most"
    ):
        read_metrics(path)


def test_a_file_that_is_not_there_is_refused(path):
    with pytest.raises(
        TrainingFailed, match=r"metrics\.jsonl: cannot be read; got No such file"
    ):
        read_metrics(path)


def test_a_disk_that_is_full_is_told(path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    file = MetricsFile(path)
    file.tell(progress_at(1))
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(
        TrainingFailed,
        match=rf"^{re.escape(str(path))}: a line cannot be written; expected room for "
        "it, got No space left on device; make room and start again: the training "
        "goes on$",
    ):
        file.tell(progress_at(2))


def test_later_lines_that_cannot_be_taken_out_are_told(path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    tell(path, *(progress_at(step) for step in (1, 2, 3)))
    before = path.read_bytes()
    monkeypatch.setattr(metrics_file, "write_bytes", refuse)
    with pytest.raises(
        TrainingFailed, match=r"metrics\.jsonl: a line cannot be written; .* No space"
    ):
        tell(path, standing_at(2))

    assert path.read_bytes() == before
