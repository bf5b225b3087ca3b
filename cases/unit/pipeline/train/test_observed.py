import sys
from functools import partial

import pytest

from harness.pipeline.train import observed
from harness.pipeline.train.curves_picture import draw_curves
from harness.pipeline.train.metrics_file import read_metrics
from harness.pipeline.train.observed import DRAWN_EVERY_S, watching
from harness.train.checkpoints import read_last
from testing.toy_training import EVERY, STEPS, SUBJECT, toy_run, train

TITLE = "demo/toy, seed 7"


@pytest.fixture
def drawings(monkeypatch):
    """The last step of each picture that is drawn; none is written."""
    steps = []

    def draw(lines, path, *, title):
        steps.append(lines[-1].step)

    monkeypatch.setattr(observed, "draw_curves", draw)
    return steps


def test_a_training_leaves_metrics_and_a_picture(tmp_path):
    told = []
    train(tmp_path, watch=watching(tmp_path, title=TITLE, telling=told.append))

    lines = read_metrics(tmp_path / "metrics.jsonl")
    assert [one.step for one in lines] == list(range(1, STEPS + 1))
    assert [one.step for one in told] == list(range(1, STEPS + 1))
    again = tmp_path / "again.png"
    draw_curves(lines, again, title=TITLE)
    assert (tmp_path / "curves.png").read_bytes() == again.read_bytes()


def test_a_picture_is_drawn_after_each_evaluation(tmp_path, drawings):
    train(tmp_path, watch=watching(tmp_path, title=TITLE))

    assert drawings == list(range(EVERY, STEPS + 1, EVERY))


def test_without_evaluations_a_picture_is_drawn_each_minute_and_at_the_end(
    tmp_path, drawings
):
    now_s = 0.0

    def pass_time(progress):
        nonlocal now_s
        now_s += DRAWN_EVERY_S / 5

    watch = watching(tmp_path, title=TITLE, telling=pass_time, clock=lambda: now_s)
    train(tmp_path, toy_run(score=None), watch=watch)

    assert drawings == [5, 10, STEPS]


def test_a_training_that_is_done_is_not_drawn_again(tmp_path, drawings):
    train(tmp_path, watch=watching(tmp_path, title=TITLE))
    drawings.clear()
    train(tmp_path, watch=watching(tmp_path, title=TITLE))

    assert drawings == []


def test_without_matplotlib_the_training_goes_on_and_says_so_once(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    notes = []
    watch = watching(tmp_path, title=TITLE, noting=notes.append)

    assert train(tmp_path, watch=watch).position.step == STEPS
    (note,) = notes
    assert note == (
        f"no picture {tmp_path / 'curves.png'}: without matplotlib (the extra "
        "`compress` has it); the training goes on"
    )
    assert not (tmp_path / "curves.png").exists()
    assert len(read_metrics(tmp_path / "metrics.jsonl")) == STEPS


def test_a_picture_that_finds_no_room_stops_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(observed, "draw_curves", refuse)
    notes = []
    watch = watching(tmp_path, title=TITLE, noting=notes.append)

    assert train(tmp_path, watch=watch).position.step == STEPS
    assert len(notes) == 1
    assert notes[0].endswith("No space left on device; the training goes on")


def test_what_is_watched_is_trained_to_the_same_bits(tmp_path):
    folders = tmp_path / "watched", tmp_path / "alone"
    watch = partial(watching, folders[0], title=TITLE)
    train(folders[0], steps=5, watch=watch())
    train(folders[0], watch=watch())
    train(folders[1])

    states = [read_last(one, SUBJECT) for one in folders]
    assert states[0].weights["w"].tobytes() == states[1].weights["w"].tobytes()
