"""Rows trained again are held to the seeds' mean and spread, or to more room."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from harness.compare.judged_run import judge_run
from harness.compare.retrained import LEAST_MARGIN_PCT, margin_of, retrained_zoo
from harness.compare.tolerance import budget_of
from harness.values.records import Verdict
from harness.values.rows import Claim, SeedScore, TolerancePart, Zoo
from testing.rows import build_row

SEEDED = "yolov3-mobilenet_v1-coco-prune_r578-608"
OTHER = "yolov3-mobilenet_v1-coco-prune_r578-320"
FACES = "blazeface-nas-widerface-baseline-640"
#: Their mean is 52.8, their sample standard deviation the root of 0.7.
FIVE = ("51.8", "52.3", "52.8", "53.3", "53.8")


def scores(row_id: str, metric: str, values: tuple[str, ...]) -> list[SeedScore]:
    return [
        SeedScore(row_id=row_id, metric=metric, seed=seed, measured_pct=Decimal(value))
        for seed, value in enumerate(values)
    ]


@pytest.fixture
def zoo() -> Zoo:
    rows = [build_row(one) for one in (SEEDED, OTHER, FACES)]
    printed = {SEEDED: ("box_ap",), OTHER: ("box_ap",), FACES: ("easy", "hard")}
    parts = [("rounding", "0.05", False), ("trained again", "0.50", True)]
    return Zoo(
        name="small",
        title="small",
        root=Path("nowhere"),
        tables=(),
        rows=tuple(rows),
        archives={},
        claims={
            row_id: tuple(
                Claim(row_id=row_id, metric=one, printed="24.0") for one in metrics
            )
            for row_id, metrics in printed.items()
        },
        errata=(),
        tolerance=tuple(
            TolerancePart(
                name=name,
                value_pct=Decimal(value),
                basis="assumed",
                source="a test",
                only_retrained=retrained,
            )
            for name, value, retrained in parts
        ),
    )


def test_a_published_archive_has_no_room_for_trainings(zoo: Zoo) -> None:
    budget = budget_of(zoo.tolerance, zoo.row(SEEDED))

    assert (budget.total_pct, budget.text) == (Decimal("0.05"), "rounding 0.05")


def test_a_row_without_seeds_has_its_published_claim_and_the_part_of_trainings(
    zoo: Zoo,
) -> None:
    held = retrained_zoo(zoo, [])
    budget = budget_of(held.tolerance, zoo.row(OTHER))

    assert held.claims == zoo.claims
    assert budget.total_pct == Decimal("0.55")
    assert budget.text == "rounding 0.05 + trained again 0.50"


def test_a_row_with_seeds_is_held_to_their_mean_by_their_margin_alone(zoo: Zoo) -> None:
    held = retrained_zoo(zoo, scores(SEEDED, "box_ap", FIVE))
    (claim,) = held.ap_claims(SEEDED)
    budget = budget_of(held.tolerance, zoo.row(SEEDED))

    assert claim.printed == "52.80"
    # 3 * 0.79057 * sqrt(1.2) + 0.005 = 2.6030, rounded up
    assert budget.total_pct == Decimal("2.61")
    assert budget.text == "margin of 5 seeds (standard deviation 0.79) 2.61"
    assert held.ap_claims(OTHER) == zoo.ap_claims(OTHER)
    assert budget_of(held.tolerance, zoo.row(OTHER)).total_pct == Decimal("0.55")


@pytest.mark.parametrize(
    ("measured_pct", "verdict"),
    [
        (55.41, Verdict.REPRODUCED),
        (55.42, Verdict.HIGHER),
        (50.19, Verdict.REPRODUCED),
        (50.18, Verdict.LOWER),
    ],
)
def test_the_edge_of_the_margin_is_inside(
    zoo: Zoo, measured_pct: float, verdict: Verdict
) -> None:
    held = retrained_zoo(zoo, scores(SEEDED, "box_ap", FIVE))
    judged = judge_run(held, zoo.row(SEEDED), {"box_ap": measured_pct})

    assert judged.verdict is verdict
    assert "margin of 5 seeds" in judged.judgements[0].budget


def test_a_mean_is_claimed_with_two_decimals(zoo: Zoo) -> None:
    held = retrained_zoo(zoo, scores(SEEDED, "box_ap", ("50.001", "50.002", "51")))

    assert held.ap_claims(SEEDED)[0].printed == "50.33"


@pytest.mark.parametrize(
    ("values", "margin"),
    [
        (("50", "50", "50"), "0.50"),
        (("50", "50.28", "50"), "0.57"),  # 3 * 0.16166 * sqrt(4 / 3) + 0.005 = 0.5650
        (("50", "50.24", "50"), "0.50"),  # 0.4850
        (("50", "60", "70"), "34.65"),
    ],
)
def test_a_margin_is_three_deviations_and_never_less_than_half_a_point(
    values: tuple[str, ...], margin: str
) -> None:
    assert margin_of([Decimal(one) for one in values]) == Decimal(margin)
    assert Decimal(margin) >= LEAST_MARGIN_PCT == Decimal("0.5")


def test_a_row_of_several_metrics_has_the_widest_of_their_margins(zoo: Zoo) -> None:
    narrow = scores(FACES, "easy", ("90", "90", "90"))
    wide = scores(FACES, "hard", ("50", "60", "70"))
    held = retrained_zoo(zoo, [*narrow, *wide])

    budget = budget_of(held.tolerance, zoo.row(FACES))

    assert budget.total_pct == Decimal("34.65")
    assert [one.printed for one in held.ap_claims(FACES)] == ["90.00", "60.00"]


def test_a_part_that_is_of_some_rows_stays_so(zoo: Zoo) -> None:
    part = TolerancePart(
        name="of others",
        value_pct=Decimal(1),
        basis="assumed",
        source="a test",
        applies_to={"input_px": ("320",)},
    )
    held = retrained_zoo(replace(zoo, tolerance=(part,)), [])

    assert budget_of(held.tolerance, zoo.row(OTHER)).total_pct == 1
    assert budget_of(held.tolerance, zoo.row(SEEDED)).total_pct == 0
