from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from harness.values.rows import Claim, Erratum, Row, Run, Zoo


def row(strategy="prune_r578", row_id="r1", dataset="coco", architecture="yolov3"):
    return Row(
        row_id=row_id,
        zoo="z",
        table="t",
        architecture=architecture,
        backbone="mobilenet_v1",
        dataset=dataset,
        strategy=strategy,
        input_px=608,
        archive="a",
        num_classes=80,
    )


def erratum(erratum_id, *rows):
    return Erratum(
        erratum_id=erratum_id,
        field="url",
        rows=rows,
        printed="a",
        corrected="b",
        changes_run=False,
        evidence=("e",),
    )


@pytest.fixture
def zoo():
    return Zoo(
        name="z",
        title="Z",
        root=Path("z"),
        tables=(),
        rows=(row(), row(row_id="r2")),
        archives={},
        claims={},
        errata=(erratum("E1", "r2"), erratum("E2"), erratum("E3", "r1", "r2")),
        tolerance=(),
    )


def test_a_claim_is_the_printed_decimal_exactly():
    claim = Claim(row_id="r", metric="box_ap", printed="24.0")

    assert claim.value_pct == Decimal("24.0")
    assert str(claim.value_pct) == "24.0"


@pytest.mark.parametrize(
    ("printed", "value", "last_digit"),
    [("20.64", "20.64", "0.01"), ("95", "95", "1"), ("-16.06%", "-16.06", "0.01")],
)
def test_a_figure_keeps_its_digits_and_loses_its_percent(printed, value, last_digit):
    claim = Claim(row_id="r", metric="gflops", printed=printed)

    assert claim.value == Decimal(value)
    assert claim.last_digit == Decimal(last_digit)


@pytest.mark.parametrize(
    ("strategy", "shaped_by"),
    [
        ("distill_prune_r578", "prune_r578"),
        ("distill_split", "distill_split"),
        ("prune_r578", "prune_r578"),
    ],
)
def test_teaching_does_not_change_shapes(strategy, shaped_by):
    assert row(strategy).shaped_by == shaped_by


def test_claims_are_told_apart_by_what_they_are_about(zoo):
    first = zoo.rows[0].row_id
    claims = tuple(
        Claim(row_id=first, metric=metric, printed=printed)
        for metric, printed in (
            ("box_ap", "24.0"),
            ("gflops", "1.74"),
            ("int8_size_mb", "25"),
            ("delta", "+1.0"),
        )
    )
    full = replace(zoo, claims={first: claims})

    assert [one.metric for one in full.ap_claims(first)] == ["box_ap"]
    assert [one.metric for one in full.structure_claims(first)] == [
        "gflops",
        "int8_size_mb",
    ]
    assert [one.metric for one in full.difference_claims(first)] == ["delta"]
    assert full.printed(first, "gflops") == "1.74"
    assert full.printed(first, "size_mb") is None


@pytest.mark.parametrize(
    ("strategy", "marks"),
    [
        ("baseline", set()),
        ("prune_r578", {"prune"}),
        ("distill_l2", {"distill"}),
        ("quant_post", {"quant", "quant_post"}),
        ("quant_aware", {"quant", "quant_aware"}),
        ("distill_prune_r578", {"distill", "prune"}),
    ],
)
def test_a_row_is_marked_by_its_dataset_network_and_family(strategy, marks):
    assert row(strategy).markers == {"coco", "yolov3", "published"} | marks


def test_a_row_is_found_by_its_id(zoo):
    assert zoo.row("r2").row_id == "r2"
    with pytest.raises(KeyError, match="r3"):
        zoo.row("r3")


def test_the_errata_of_a_row_come_in_file_order(zoo):
    assert [one.erratum_id for one in zoo.errata_of("r2")] == ["E1", "E3"]
    assert zoo.errata_of("r3") == ()


def test_a_row_is_run_as_printed_and_then_as_each_erratum_of_its_size_has_it(zoo):
    def corrects(erratum_id, corrected, **fields):
        return replace(
            erratum(erratum_id, "r1"),
            **{"field": "input_px", "changes_run": True, **fields},
            corrected=corrected,
        )

    doubted = replace(
        zoo,
        errata=(
            corrects("E1", "320"),
            corrects("E2", "416", changes_run=False),
            corrects("E3", "elsewhere", field="url"),
            corrects("E4", "512"),
        ),
    )

    assert doubted.runs_of(doubted.row("r1")) == (
        Run(input_px=608, erratum=None),
        Run(input_px=320, erratum="E1"),
        Run(input_px=512, erratum="E4"),
    )
    assert doubted.runs_of(doubted.row("r2")) == (Run(input_px=608, erratum=None),)
