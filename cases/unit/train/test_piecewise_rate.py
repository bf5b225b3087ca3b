import pytest

from harness.train.piecewise_rate import piecewise_rate


def rate(step, *, warmup_steps=5, milestones=(8, 12)):
    return piecewise_rate(
        step, base_rate=1e-3, warmup_steps=warmup_steps, milestones=milestones
    )


def test_the_first_step_of_a_warm_up_does_not_move():
    assert rate(0) == 0


def test_a_warm_up_rises_by_equal_parts_to_the_base():
    assert [rate(step) for step in range(7)] == pytest.approx(
        [0, 2e-4, 4e-4, 6e-4, 8e-4, 1e-3, 1e-3]
    )


@pytest.mark.parametrize(
    ("step", "expected"), [(7, 1e-3), (8, 1e-4), (11, 1e-4), (12, 1e-5), (99, 1e-5)]
)
def test_a_milestone_is_the_first_step_of_a_tenth(step, expected):
    assert rate(step) == pytest.approx(expected)


def test_without_a_warm_up_the_first_step_has_the_base():
    assert rate(0, warmup_steps=0) == 1e-3


def test_without_milestones_the_rate_stays():
    assert rate(10**6, milestones=()) == 1e-3
