from dataclasses import replace
from decimal import Decimal

import pytest

from harness.compare.tolerance import budget_of
from harness.errors import ZooDataError
from harness.values.rows import Row, TolerancePart


def part(name: str, value: str, **applies_to: tuple[str, ...]) -> TolerancePart:
    return TolerancePart(
        name=name,
        value_pct=Decimal(value),
        basis="assumed",
        source="a test",
        applies_to=applies_to,
    )


def test_a_budget_is_the_exact_sum_of_its_parts(row: Row) -> None:
    budget = budget_of([part("rounding", "0.05"), part("decoder", "0.02")], row)

    assert budget.total_pct == Decimal("0.07")
    assert budget.text == "rounding 0.05 + decoder 0.02"


def test_a_part_of_nothing_is_not_told(row: Row) -> None:
    budget = budget_of([part("rounding", "0.05"), part("old runtime", "0.00")], row)

    assert budget.text == "rounding 0.05"


def test_no_parts_are_a_tolerance_of_nothing(row: Row) -> None:
    budget = budget_of([], row)

    assert budget.total_pct == 0
    assert budget.text == ""


@pytest.mark.parametrize(
    "applies_to",
    [
        {"family": ("quant",)},
        {"strategy": ("quant_post",)},
        {"architecture": ("yolov3",)},
        {"backbone": ("resnet34", "mobilenet_v1")},
        {"dataset": ("coco",)},
        {"input_px": ("608",)},
        {"family": ("quant",), "dataset": ("coco",)},
    ],
)
def test_a_part_applies_to_the_rows_it_names(
    row: Row, applies_to: dict[str, tuple[str, ...]]
) -> None:
    assert budget_of([part("p", "0.05", **applies_to)], row).total_pct > 0


@pytest.mark.parametrize(
    "applies_to",
    [
        {"family": ("prune",)},
        {"strategy": ("quant_aware",)},
        {"family": ("quant",), "dataset": ("voc",)},
        {"input_px": ("416",)},
    ],
)
def test_a_part_does_not_apply_to_other_rows(
    row: Row, applies_to: dict[str, tuple[str, ...]]
) -> None:
    assert budget_of([part("p", "0.05", **applies_to)], row).total_pct == 0


def test_a_part_of_retrained_rows_is_no_part_of_a_published_one(row: Row) -> None:
    trained = replace(part("trained again", "0.50"), only_retrained=True)

    assert budget_of([part("rounding", "0.05"), trained], row).text == "rounding 0.05"


def test_a_baseline_is_its_own_family(row: Row) -> None:
    baseline = replace(row, strategy="baseline")

    assert budget_of([part("p", "0.05", family=("baseline",))], baseline).total_pct > 0


def test_a_field_that_rows_do_not_have_is_refused(row: Row) -> None:
    with pytest.raises(
        ZooDataError,
        match=r"tolerance part p: field applies_to; expected .*, got colour",
    ):
        budget_of([part("p", "0.05", colour=("red",))], row)
