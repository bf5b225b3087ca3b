from __future__ import annotations

import pytest

from harness.artifact.patience import PATIENCE
from harness.artifact.web.failure import Stopped
from harness.artifact.web.pace import Pace


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(longest_s=100.0, least_bytes_per_s=10.0, window_s=5.0, clock=clock)


def test_the_time_that_is_left_is_told(pace: Pace, clock: Clock) -> None:
    clock.now_s += 30.0

    assert pace.left_s() == 70.0


def test_the_total_time_ends_whatever_came(pace: Pace, clock: Clock) -> None:
    pace.begin_body()
    for _ in range(99):
        clock.now_s += 1.0
        pace.count(1000)
        pace.left_s()
    clock.now_s += 1.0

    with pytest.raises(Stopped, match=r"^not done after 100 s") as caught:
        pace.left_s()
    assert not caught.value.failure.may_pass


def test_the_least_rate_is_enough_and_a_byte_less_is_not(
    pace: Pace, clock: Clock
) -> None:
    pace.begin_body()
    pace.count(50)
    clock.now_s += 5.0
    assert pace.left_s() == 95.0

    pace.count(49)
    clock.now_s += 5.0
    with pytest.raises(Stopped, match=r"^too slow: 49 bytes in 5 s, at least 10 a"):
        pace.left_s()


def test_no_window_is_judged_before_its_end(pace: Pace, clock: Clock) -> None:
    pace.begin_body()
    clock.now_s += 4.9

    assert pace.left_s() == pytest.approx(95.1)


def test_a_head_is_held_to_the_total_alone(pace: Pace, clock: Clock) -> None:
    pace.begin_body()
    pace.begin_head()
    clock.now_s += 99.0

    assert pace.left_s() == 1.0


def test_the_limits_in_use_bear_a_slow_line() -> None:
    slow_line_bytes_per_s = 10_000
    largest_published_bytes = 200 << 20

    assert PATIENCE.least_bytes_per_s < slow_line_bytes_per_s
    assert PATIENCE.longest_s > largest_published_bytes / slow_line_bytes_per_s


def test_a_body_that_begins_anew_is_counted_anew(pace: Pace, clock: Clock) -> None:
    pace.begin_body()
    pace.count(1000)
    clock.now_s += 4.0
    pace.begin_body()
    clock.now_s += 4.0
    assert pace.left_s() == 92.0

    clock.now_s += 1.0
    with pytest.raises(Stopped, match=r"^too slow: 0 bytes in 5 s") as caught:
        pace.left_s()
    assert caught.value.failure.may_pass
