from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from harness.train import drawn_ahead as batches
from harness.train.drawn_ahead import AHEAD, drawn_ahead
from harness.train.face_batches import draw_face_batch
from harness.train.scene_batches import draw_batch

DRAWERS = (draw_batch, draw_face_batch)


@pytest.fixture
def small(recipe):
    return replace(recipe, seed=5, batch=1, sizes_px=(64,))


@pytest.mark.parametrize("draw", DRAWERS)
def test_batches_come_in_order_from_any_step_on(small, draw):
    first, count = 4, AHEAD + 3

    found = list(drawn_ahead(draw, first, first + count, small))

    assert len(found) == count
    for step, one in enumerate(found, first):
        again = draw(step, seed=5, batch=1, sizes_px=(64,))
        assert np.array_equal(one.images_rgb, again.images_rgb)


def test_a_trainer_that_stops_early_leaves_nothing_running(small):
    source = drawn_ahead(draw_batch, 0, 1000, small)

    next(source)
    source.close()

    with pytest.raises(StopIteration):
        next(source)


class Pool:
    """Takes tasks, and runs one when its result is asked for."""

    def __init__(self, *, max_workers, mp_context):
        self.kind = (max_workers, mp_context.get_start_method())
        self.tasks = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, draw, step, **asked):
        future = Future()
        self.tasks.append((step, asked, future))
        future.result = lambda: draw(step, **asked)
        return future


@pytest.fixture
def pools(monkeypatch):
    """Say which pools were made."""
    made = []

    def pool(**kind):
        made.append(Pool(**kind))
        return made[-1]

    monkeypatch.setattr(batches, "ProcessPoolExecutor", pool)
    return made


def test_one_process_draws_as_many_ahead_as_it_may(small, pools):
    def draw(step, **asked):
        return step, asked

    source = drawn_ahead(draw, 4, 1000, small)
    asked = {"seed": 5, "batch": 1, "sizes_px": (64,)}

    assert [next(source) for _ in range(3)] == [(step, asked) for step in (4, 5, 6)]
    (pool,) = pools
    assert pool.kind == (1, "spawn")
    assert [step for step, _, _ in pool.tasks] == list(range(4, 4 + 3 + AHEAD))


def test_a_trainer_that_stops_early_calls_off_what_was_not_begun(small, pools):
    source = drawn_ahead(lambda step, **_: step, 0, 1000, small)

    next(source)
    source.close()

    (pool,) = pools
    called_off = [future.cancelled() for _, _, future in pool.tasks]
    assert called_off == [False] + [True] * AHEAD


def test_no_steps_left_gives_no_batches(small):
    assert list(drawn_ahead(draw_batch, 6, 6, small)) == []
