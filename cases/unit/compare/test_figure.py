import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.compare.figure import judge_figure, verdict_of_figures
from harness.values.records import Verdict
from harness.values.rows import Claim


def judged(metric: str, printed: str, computed: float) -> Verdict:
    claim = Claim(row_id="a", metric=metric, printed=printed)
    return judge_figure(claim, computed).verdict


@pytest.mark.parametrize(
    ("computed", "verdict"),
    [
        (20.6351, Verdict.REPRODUCED),
        (20.645, Verdict.REPRODUCED),
        (20.6451, Verdict.HIGHER),
        (20.6349, Verdict.LOWER),
    ],
)
def test_gflops_are_held_to_the_printed_digit(
    computed: float, verdict: Verdict
) -> None:
    assert judged("gflops", "20.64", computed) is verdict


@given(st.floats(min_value=0.1, max_value=500))
def test_what_prints_the_same_is_reproduced(computed: float) -> None:
    assert judged("gflops", f"{computed:.2f}", computed) is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("metric", "printed", "computed", "verdict"),
    [
        ("size_mb", "31.30", 31.32, Verdict.REPRODUCED),
        ("size_mb", "31.30", 31.321, Verdict.HIGHER),
        ("size_mb", "94", 93.371, Verdict.REPRODUCED),
        ("size_mb", "94", 92.9, Verdict.LOWER),
        ("size_kb", "815", 815.4, Verdict.REPRODUCED),
        ("int8_size_mb", "25", 23.75, Verdict.REPRODUCED),
        ("int8_size_mb", "25", 23.74, Verdict.LOWER),
        ("int8_size_kb", "71", 67.7, Verdict.REPRODUCED),
    ],
)
def test_sizes_are_held_to_their_tolerance(
    metric: str, printed: str, computed: float, verdict: Verdict
) -> None:
    assert judged(metric, printed, computed) is verdict


def test_an_int8_size_is_labelled_an_estimate() -> None:
    claim = Claim(row_id="a", metric="int8_size_mb", printed="26.3")
    figure = judge_figure(claim, 26.216)

    assert figure.is_estimate
    assert figure.tolerance == "1.315"
    assert figure.basis == "5 % of an estimate"
    assert figure.difference == pytest.approx(-0.084)
    assert not judge_figure(
        Claim(row_id="a", metric="size_mb", printed="94.60"), 94.6
    ).is_estimate


def test_the_first_figure_that_misses_is_the_verdict_of_all() -> None:
    claim = Claim(row_id="a", metric="gflops", printed="1.00")
    right, low = judge_figure(claim, 1.0), judge_figure(claim, 0.9)

    assert verdict_of_figures([right, low]) is Verdict.LOWER
    assert verdict_of_figures([right, right]) is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("metric", "printed", "computed", "difference", "tolerance", "basis"),
    [
        ("gflops", "20.64", 20.65, 0.01, "0.005", "half of the last printed digit"),
        ("size_mb", "94", 93.5, -0.5, "1", "one unit of the last printed digit"),
        ("size_mb", "31.30", 31.3, 0, "0.02", "the folder's own entry and rounding"),
    ],
)
def test_a_figure_keeps_what_was_compared_and_why(
    metric: str,
    printed: str,
    computed: float,
    difference: float,
    tolerance: str,
    basis: str,
) -> None:
    figure = judge_figure(Claim(row_id="a", metric=metric, printed=printed), computed)

    assert (figure.metric, figure.printed) == (metric, printed)
    assert (figure.computed, figure.difference) == (computed, difference)
    assert (figure.tolerance, figure.basis) == (tolerance, basis)
    assert not figure.is_estimate
