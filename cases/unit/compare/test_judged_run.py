from decimal import Decimal
from pathlib import Path

import pytest

from harness.compare.judged_run import judge_run
from harness.errors import DetectionsInvalid
from harness.values.records import Verdict
from harness.values.rows import Claim, Row, TolerancePart, Zoo

PRINTED = {"easy": "90.0", "medium": "80.0", "hard": "70.0"}


@pytest.fixture
def zoo(row: Row) -> Zoo:
    faces = Row(
        row_id=row.row_id,
        zoo="z",
        table="t",
        architecture="blazeface",
        backbone="nas",
        dataset="widerface",
        strategy="baseline",
        input_px=640,
        archive="a",
        num_classes=2,
    )
    parts = {"rounding": ("widerface",), "elsewhere": ("coco",)}
    claims = [
        Claim(row_id=row.row_id, metric=metric, printed=printed)
        for metric, printed in {**PRINTED, "gflops": "1.7"}.items()
    ]
    return Zoo(
        name="z",
        title="Z",
        root=Path("z"),
        tables=(),
        rows=(faces,),
        archives={},
        claims={row.row_id: tuple(claims)},
        errata=(),
        tolerance=tuple(
            TolerancePart(
                name=name,
                value_pct=Decimal("0.05"),
                basis="derived",
                source="here",
                applies_to={"dataset": datasets},
            )
            for name, datasets in parts.items()
        ),
    )


def test_every_ap_of_the_row_is_judged_by_the_parts_that_apply_to_it(zoo: Zoo) -> None:
    scores = {"easy": 90.05, "medium": 80.06, "hard": 69.94, "gflops": 9.0}
    judged = judge_run(zoo, zoo.rows[0], scores)

    assert [(one.metric, one.verdict) for one in judged.judgements] == [
        ("easy", Verdict.REPRODUCED),
        ("medium", Verdict.HIGHER),
        ("hard", Verdict.LOWER),
    ]
    assert {one.tolerance_pct for one in judged.judgements} == {"0.05"}
    assert judged.unscored == ()
    assert judged.verdict is Verdict.LOWER


def test_claims_without_a_score_are_named_and_the_others_judged(zoo: Zoo) -> None:
    judged = judge_run(zoo, zoo.rows[0], {"medium": 80.0})

    assert [one.metric for one in judged.judgements] == ["medium"]
    assert judged.unscored == ("easy", "hard")
    assert judged.verdict is Verdict.REPRODUCED


def test_without_a_score_nothing_is_judged(zoo: Zoo) -> None:
    assert judge_run(zoo, zoo.rows[0], {}).verdict is Verdict.NOT_JUDGED


def test_a_score_that_is_no_number_is_refused(zoo: Zoo) -> None:
    with pytest.raises(DetectionsInvalid, match=r"expected a finite number, got nan"):
        judge_run(zoo, zoo.rows[0], {"easy": float("nan")})
