from decimal import Decimal
from pathlib import Path

import pytest

from harness.rows import METRICS_OF_DATASET, Claim, Erratum, Row, Zoo


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
    ("strategy", "marks"),
    [
        ("baseline", set()),
        ("prune_r578", {"prune"}),
        ("distill_l2", {"distill"}),
        ("quant_post", {"quant", "quant_post"}),
        ("quant_aware", {"quant", "quant_aware"}),
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


def test_faces_make_three_claims_and_the_others_one():
    assert {name: len(one) for name, one in METRICS_OF_DATASET.items()} == {
        "coco": 1,
        "voc": 1,
        "widerface": 3,
    }
