from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.artifact.patience import Patience


def test_each_wait_is_double_the_last_up_to_the_cap():
    patience = Patience(first_wait_s=1.0, longest_wait_s=5.0)

    assert [patience.wait_s(n) for n in (1, 2, 3, 4, 5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


@given(st.integers(1, 10**6), st.floats(0.001, 100.0), st.floats(0.001, 100.0))
def test_no_wait_is_longer_than_the_cap_or_shorter_than_the_last(
    failures: int, first_s: float, longest_s: float
):
    patience = Patience(first_wait_s=first_s, longest_wait_s=longest_s)

    assert patience.wait_s(failures) <= patience.wait_s(failures + 1) <= longest_s
