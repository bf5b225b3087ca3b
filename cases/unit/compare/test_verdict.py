from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.compare.tolerance import Budget
from harness.compare.verdict import judge, verdict_of_judgements, verdict_of_row
from harness.errors import DetectionsInvalid, HarnessError
from harness.values.records import Judgement, Measurement, Verdict
from harness.values.rows import Claim

Measure = Callable[..., Measurement]

tenths = st.integers(min_value=100, max_value=900).map(lambda n: Decimal(n) / 10)
hundredths = st.integers(min_value=0, max_value=500).map(lambda n: Decimal(n) / 100)


def verdict(printed: object, measured_pct: float, total: object) -> Verdict:
    claim = Claim(row_id="row", metric="box_ap", printed=str(printed))
    budget = Budget(total_pct=Decimal(str(total)), text="")
    return judge(claim, measured_pct, budget).verdict


def test_a_number_within_the_tolerance_is_reproduced() -> None:
    assert verdict("27.8", 27.85, "0.10") is Verdict.REPRODUCED


def test_a_number_below_is_lower_and_one_above_is_higher() -> None:
    assert verdict("27.8", 27.6, "0.10") is Verdict.LOWER
    assert verdict("27.8", 28.0, "0.10") is Verdict.HIGHER


@pytest.mark.parametrize("measured_pct", [27.92, 27.68])
def test_the_edge_is_inside_where_binary_floats_would_put_it_outside(
    measured_pct: float,
) -> None:
    assert abs(measured_pct - 27.8) > 0.12
    assert verdict("27.8", measured_pct, "0.12") is Verdict.REPRODUCED


@given(printed=tenths, total=hundredths)
def test_the_edge_of_the_tolerance_is_inside(printed: Decimal, total: Decimal) -> None:
    assert verdict(printed, float(printed + total), total) is Verdict.REPRODUCED
    assert verdict(printed, float(printed - total), total) is Verdict.REPRODUCED


@given(printed=tenths, total=hundredths)
def test_a_hundredth_beyond_the_tolerance_is_outside(
    printed: Decimal, total: Decimal
) -> None:
    beyond = total + Decimal("0.01")

    assert verdict(printed, float(printed + beyond), total) is Verdict.HIGHER
    assert verdict(printed, float(printed - beyond), total) is Verdict.LOWER


@given(printed=tenths, total=hundredths, difference=hundredths)
def test_above_and_below_are_judged_alike(
    printed: Decimal, total: Decimal, difference: Decimal
) -> None:
    mirror = {
        Verdict.HIGHER: Verdict.LOWER,
        Verdict.REPRODUCED: Verdict.REPRODUCED,
    }

    above = verdict(printed, float(printed + difference), total)

    assert verdict(printed, float(printed - difference), total) is mirror[above]


@given(printed=tenths, total=hundredths, more=hundredths, measured=tenths)
def test_a_wider_tolerance_never_loses_a_reproduced_number(
    printed: Decimal, total: Decimal, more: Decimal, measured: Decimal
) -> None:
    narrow = verdict(printed, float(measured), total)
    wide = verdict(printed, float(measured), total + more)

    assert wide is Verdict.REPRODUCED or wide is narrow


def test_the_number_is_compared_before_it_is_rounded() -> None:
    assert verdict("27.8", 27.9004, "0.10") is Verdict.HIGHER


def test_a_judgement_keeps_what_was_compared(budget: Budget) -> None:
    claim = Claim(row_id="row", metric="box_ap", printed="24.0")

    judgement = judge(claim, 23.512345678901234, budget)

    assert judgement == Judgement(
        metric="box_ap",
        printed="24.0",
        measured_pct=23.512345678901234,
        difference_pct=-0.487654321098766,
        tolerance_pct="0.10",
        verdict=Verdict.LOWER,
        budget="rounding 0.05 + device kernels 0.05",
    )


@pytest.mark.parametrize("measured_pct", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused(
    budget: Budget, measured_pct: float
) -> None:
    claim = Claim(row_id="a-row", metric="box_ap", printed="24.0")

    with pytest.raises(
        DetectionsInvalid,
        match=r"score box_ap of a-row; expected a finite number, got (nan|inf)",
    ):
        judge(claim, measured_pct, budget)


FACES = {"easy": "87.8", "medium": "85.1", "hard": "74.9"}


@pytest.mark.parametrize(
    ("scores_pct", "expected"),
    [
        ({"easy": 87.8, "medium": 85.1, "hard": 74.9}, Verdict.REPRODUCED),
        ({"easy": 88.8, "medium": 85.1, "hard": 74.9}, Verdict.HIGHER),
        ({"easy": 88.8, "medium": 85.1, "hard": 73.9}, Verdict.LOWER),
        ({"easy": 87.8, "medium": 80.0, "hard": 80.0}, Verdict.LOWER),
    ],
)
def test_one_low_claim_of_three_makes_the_run_lower(
    measure: Measure, scores_pct: dict[str, float], expected: Verdict
) -> None:
    run = measure(scores_pct, FACES)

    assert verdict_of_judgements(run.judgements) is expected


def test_a_run_without_claims_is_not_reproduced() -> None:
    with pytest.raises(HarnessError, match="no claim was judged"):
        verdict_of_judgements(())


def test_a_reproduced_row_needs_no_reason(measure: Measure) -> None:
    run = measure({"box_ap": 27.83}, {"box_ap": "27.8"})

    assert verdict_of_row([run]) == (Verdict.REPRODUCED, "")


def test_the_reason_of_a_miss_gives_every_number_and_the_parts(
    measure: Measure,
) -> None:
    run = measure({"box_ap": 27.123}, {"box_ap": "27.8"})

    verdict, reason = verdict_of_row([run])

    assert verdict is Verdict.LOWER
    assert reason == (
        "box_ap measured 27.12, printed 27.8, difference -0.68, tolerance 0.10 "
        "(rounding 0.05 + device kernels 0.05)"
    )


def test_the_reason_names_only_the_claims_that_miss(measure: Measure) -> None:
    run = measure({"easy": 88.8, "medium": 85.1, "hard": 70.0}, FACES)

    verdict, reason = verdict_of_row([run])

    assert verdict is Verdict.LOWER
    assert "easy measured 88.80" in reason
    assert "hard measured 70.00" in reason
    assert "medium" not in reason


def test_a_miss_by_a_hair_is_told_with_the_digits_that_show_it(
    measure: Measure,
) -> None:
    run = measure({"box_ap": 27.6996}, {"box_ap": "27.8"})

    _, reason = verdict_of_row([run])

    assert "measured 27.6996, printed 27.8, difference -0.1004" in reason


def test_a_row_its_erratum_reproduces_says_so_and_keeps_the_miss(
    measure: Measure,
) -> None:
    printed = measure({"box_ap": 35.0}, {"box_ap": "39.8"}, input_px=320)
    corrected = measure({"box_ap": 39.8}, {"box_ap": "39.8"}, erratum="E1")

    verdict, reason = verdict_of_row([printed, corrected])

    assert verdict is Verdict.REPRODUCED_WITH_ERRATUM
    assert reason.startswith(
        "reproduced at 608 px as E1 corrects; as printed at 320 px: box_ap measured "
        "35.00, printed 39.8"
    )


def test_a_row_reproduced_as_printed_does_not_need_its_erratum(
    measure: Measure,
) -> None:
    printed = measure({"box_ap": 39.8}, {"box_ap": "39.8"}, input_px=320)
    corrected = measure({"box_ap": 45.0}, {"box_ap": "39.8"}, erratum="E1")

    assert verdict_of_row([printed, corrected]) == (Verdict.REPRODUCED, "")


def test_a_row_that_its_erratum_misses_too_keeps_the_verdict_as_printed(
    measure: Measure,
) -> None:
    printed = measure({"box_ap": 35.0}, {"box_ap": "39.8"}, input_px=320)
    corrected = measure({"box_ap": 41.0}, {"box_ap": "39.8"}, erratum="E1")

    verdict, reason = verdict_of_row([printed, corrected])

    assert verdict is Verdict.LOWER
    assert "as printed at 320 px: box_ap measured 35.00" in reason
    assert "as E1 corrects at 608 px: box_ap measured 41.00" in reason


def test_another_dataset_speaks_neither_for_nor_against_a_claim(
    measure: Measure,
) -> None:
    run = measure({"box_ap": 27.8}, {"box_ap": "27.8"})

    assert verdict_of_row(
        [run], dataset_differences=["16 images instead of 5000"], limit=4
    ) == (
        Verdict.WRONG_DATASET,
        "the dataset is not the published one: 16 images instead of 5000",
    )


def test_a_part_of_the_dataset_is_partial_even_where_it_agrees(
    measure: Measure,
) -> None:
    run = measure({"box_ap": 27.8}, {"box_ap": "27.8"})

    assert verdict_of_row([run], limit=10) == (
        Verdict.PARTIAL,
        "only the first 10 images were measured",
    )


@pytest.mark.parametrize("count", [0, 2])
def test_a_row_has_one_run_as_printed(measure: Measure, count: int) -> None:
    run = measure({"box_ap": 27.8}, {"box_ap": "27.8"})

    with pytest.raises(
        HarnessError, match=f"runs as printed .*; expected exactly one, got {count}"
    ):
        verdict_of_row([run] * count)


def test_runs_that_were_not_judged_come_to_no_verdict(measure: Measure) -> None:
    judged = measure({"box_ap": 27.8}, {"box_ap": "27.8"})
    run = replace(judged, judgements=(), verdict=Verdict.NOT_JUDGED)
    told = (Verdict.NOT_JUDGED, "no claim was judged")

    assert verdict_of_row([run]) == told
    assert verdict_of_row([run, replace(run, erratum="E1")]) == told
    assert verdict_of_row([run], limit=3)[0] is Verdict.PARTIAL
