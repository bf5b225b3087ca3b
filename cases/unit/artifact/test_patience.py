from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.artifact.patience import (
    LARGE_PATIENCE,
    PATIENCE,
    Course,
    FailedTry,
    Patience,
)
from harness.artifact.refusal import Refusal
from harness.artifact.sources import Source

WEB = Source(address="http://h.example/x.tar", origin="printed")
MOVED = Source(address="http://new.example/x.tar", origin="moved")
FILE = Source(address="file:///mirror/x.tar", origin="mirror")
BEGIN = Course(sources=(WEB, MOVED))
FOR_GOOD = Refusal(place="there", reason="HTTP 404")
FOR_NOW = Refusal(place="there", reason="HTTP 503", may_pass=True)


def failed(refusal: Refusal = FOR_NOW, **fields: object) -> FailedTry:
    return FailedTry(refusal=refusal, **fields)  # type: ignore[arg-type]


def test_each_wait_is_double_the_last_up_to_the_cap():
    patience = Patience(first_wait_s=1.0, longest_wait_s=5.0)

    assert [patience.wait_s(n) for n in (1, 2, 3, 4, 5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


@given(st.integers(1, 10**6), st.floats(0.001, 100.0), st.floats(0.001, 100.0))
def test_no_wait_is_longer_than_the_cap_or_shorter_than_the_last(
    failures: int, first_s: float, longest_s: float
):
    patience = Patience(first_wait_s=first_s, longest_wait_s=longest_s)

    assert patience.wait_s(failures) <= patience.wait_s(failures + 1) <= longest_s


def test_a_wait_doubles_sixty_times_at_most():
    patience = Patience(longest_wait_s=float("inf"))

    assert patience.wait_s(60) == 2.0**59
    assert patience.wait_s(61) == patience.wait_s(10**6) == 2.0**60


def test_a_pace_has_the_limits_of_its_patience():
    now_s = 0.0
    patience = Patience(longest_s=100.0, least_bytes_per_s=2.0, window_s=5.0)
    pace = patience.pace(clock=lambda: now_s)
    pace.begin_body()

    assert pace.left_s() == 100.0
    now_s = 5.0
    with pytest.raises(Exception, match=r"^too slow: 0 bytes in 5 s, at least 2 a sec"):
        pace.left_s()


def test_archives_and_datasets_are_borne_with_as_it_is_written():
    assert (
        Patience(
            tries=3,
            first_wait_s=1.0,
            longest_wait_s=30.0,
            timeout_s=30.0,
            largest_bytes=4 * 1024**3,
            least_bytes_per_s=1000.0,
            window_s=60.0,
            longest_s=6 * 60 * 60.0,
            further_bytes=None,
        )
        == PATIENCE
    )
    assert (
        replace(
            PATIENCE,
            largest_bytes=64 * 1024**3,
            longest_s=3 * 24 * 60 * 60.0,
            further_bytes=1024**2,
        )
        == LARGE_PATIENCE
    )


def test_a_failure_for_good_leaves_the_source_for_the_next():
    after = BEGIN.after(failed(FOR_GOOD), PATIENCE)

    assert after == Course(sources=(MOVED,), refusals=(FOR_GOOD,))


def test_the_refusals_stay_in_the_order_of_the_sources():
    cached = Refusal(place="cache", reason="altered")
    last = Refusal(place="last", reason="HTTP 410")
    course = Course(sources=(WEB, MOVED), refusals=(cached,))

    course = course.after(failed(FOR_GOOD), PATIENCE).after(failed(last), PATIENCE)

    assert course == Course(sources=(), refusals=(cached, FOR_GOOD, last))


def test_a_failure_that_may_pass_is_waited_for_and_then_told_with_its_tries():
    first = BEGIN.after(failed(), PATIENCE)
    second = first.after(failed(), PATIENCE)
    third = second.after(failed(), PATIENCE)

    assert (first.sources, first.wait_s) == (BEGIN.sources, 1.0)
    assert (second.sources, second.wait_s) == (BEGIN.sources, 2.0)
    assert third.sources == (MOVED,)
    assert (third.wait_s, third.failures) == (None, 0)
    assert [one.reason for one in third.refusals] == ["HTTP 503 (try 3 of 3)"]


def test_the_last_try_is_told_whatever_ended_it():
    second = BEGIN.after(failed(), PATIENCE).after(failed(), PATIENCE)

    (told,) = second.after(failed(FOR_GOOD), PATIENCE).refusals

    assert told.reason == "HTTP 404 (try 3 of 3)"


def test_a_failure_for_good_before_the_last_try_is_told_alone():
    first = BEGIN.after(failed(), PATIENCE)

    assert first.after(failed(FOR_GOOD), PATIENCE).refusals == (FOR_GOOD,)


def test_two_tries_are_counted():
    patience = replace(PATIENCE, tries=2)

    after = BEGIN.after(failed(), patience).after(failed(), patience)

    assert [one.reason for one in after.refusals] == ["HTTP 503 (try 2 of 2)"]


@pytest.mark.parametrize("source", [WEB, FILE])
def test_a_single_try_is_not_counted(source: Source):
    patience = PATIENCE if source.is_local else replace(PATIENCE, tries=1)

    after = Course(sources=(source,)).after(failed(), patience)

    assert after == Course(sources=(), refusals=(FOR_NOW,))


def test_tries_of_a_transfer_that_is_gone_on_with_are_not_told():
    course = Course(sources=(WEB,))
    for _ in range(3):
        course = course.after(failed(), LARGE_PATIENCE)

    assert course == Course(sources=(), refusals=(FOR_NOW,))


@pytest.mark.parametrize(("came_bytes", "failures"), [(1 << 20, 0), ((1 << 20) - 1, 3)])
def test_a_try_that_got_further_begins_the_count_anew(came_bytes: int, failures: int):
    course = replace(BEGIN, failures=2, wait_s=2.0)

    after = course.after(failed(came_bytes=came_bytes), LARGE_PATIENCE)

    if failures:
        assert after.sources == (MOVED,)
    else:
        assert after == replace(BEGIN, wait_s=1.0)


def test_what_another_run_began_is_asked_for_whole_once():
    other = failed(FOR_GOOD, is_whole=True, held_bytes=1)

    anew = replace(BEGIN, failures=1).after(other, LARGE_PATIENCE)
    left = anew.after(other, LARGE_PATIENCE)

    assert anew == replace(BEGIN, failures=1, wait_s=0.0, is_begun_anew=True)
    assert left == Course(sources=(MOVED,), refusals=(FOR_GOOD,))


@pytest.mark.parametrize("fields", [{"is_whole": True}, {"held_bytes": 9}])
def test_a_file_that_was_begun_here_is_not_asked_for_anew(fields: dict[str, object]):
    after = BEGIN.after(failed(FOR_GOOD, **fields), LARGE_PATIENCE)

    assert after.sources == (MOVED,)


def test_a_file_of_this_machine_is_asked_once_however_far_it_got():
    course = Course(sources=(FILE,))

    assert course.after(failed(came_bytes=1 << 20), LARGE_PATIENCE).sources == ()
