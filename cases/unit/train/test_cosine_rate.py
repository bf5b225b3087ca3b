import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.train.trainer import cosine_rate


def rate(step, *, steps=12, warmup_steps=4):
    return cosine_rate(step, steps=steps, peak_rate=0.8, warmup_steps=warmup_steps)


def test_the_rate_rises_in_equal_steps_then_falls_along_a_cosine():
    assert [rate(step) for step in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert rate(4) == pytest.approx(0.8)  # cos 0
    assert rate(6) == pytest.approx(0.4 * (1 + 2**-0.5))  # a quarter of the fall
    assert rate(8) == pytest.approx(0.4)  # half of it
    assert rate(12) == pytest.approx(0)


def test_without_a_warm_up_the_first_step_is_at_the_peak():
    assert rate(0, warmup_steps=0) == pytest.approx(0.8)


def test_a_run_that_is_all_warm_up_ends_at_the_peak():
    assert rate(11, steps=12, warmup_steps=12) == pytest.approx(0.8)
    assert rate(12, steps=12, warmup_steps=12) == pytest.approx(0.8)


@given(st.integers(1, 200), st.integers(0, 50), st.data())
def test_every_rate_is_above_zero_and_at_most_the_peak(steps, warmup_steps, data):
    step = data.draw(st.integers(0, steps - 1))

    found = rate(step, steps=steps, warmup_steps=warmup_steps)

    assert found > 0
    assert found <= 0.8 or found == pytest.approx(0.8, rel=1e-15)  # one rounding
