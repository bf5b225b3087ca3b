from dataclasses import replace

import numpy as np
import pytest

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


def test_no_steps_left_gives_no_batches(small):
    assert list(drawn_ahead(draw_batch, 6, 6, small)) == []
