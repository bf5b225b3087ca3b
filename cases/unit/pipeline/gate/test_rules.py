"""Every rule that a proposal may change is told, with both values."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from harness.pipeline.gate.rules import Rules, rule_differences
from harness.values.datasets import KnownDataset
from harness.values.records import Verdict
from harness.values.rows import Zoo
from harness.values.waivers import Waiver

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"


def waiver(zoo: str) -> Waiver:
    return Waiver(
        zoo=zoo,
        row_id=PLAIN,
        verdict=Verdict.LOWER,
        reason="known",
        expires=dt.date(2030, 1, 1),
    )


@pytest.fixture
def rules(session_zoo: Zoo) -> Rules:
    known = KnownDataset(image_count=3, truth_sha256="a" * 64, files={"a.jpg": "0"})
    return Rules(zoo=session_zoo, known_datasets={"coco": known}, waivers=())


def of_zoo(change: Callable[[Zoo], Zoo]) -> Callable[[Rules], Rules]:
    return lambda rules: replace(rules, zoo=change(rules.zoo))


def of_coco(**changes: object) -> Callable[[Rules], Rules]:
    return lambda rules: replace(
        rules, known_datasets={"coco": replace(rules.known_datasets["coco"], **changes)}
    )


def in_row(**changes: object) -> Callable[[Rules], Rules]:
    return of_zoo(
        lambda zoo: replace(zoo, rows=(zoo.rows[0], replace(zoo.row(PLAIN), **changes)))
    )


def in_archive(**changes: object) -> Callable[[Rules], Rules]:
    return of_zoo(
        lambda zoo: replace(
            zoo,
            archives={**zoo.archives, "m1": replace(zoo.archives["m1"], **changes)},
        )
    )


def in_erratum(**changes: object) -> Callable[[Rules], Rules]:
    return of_zoo(lambda zoo: replace(zoo, errata=(replace(zoo.errata[0], **changes),)))


def in_part(**changes: object) -> Callable[[Rules], Rules]:
    return of_zoo(
        lambda zoo: replace(
            zoo, tolerance=(replace(zoo.tolerance[0], **changes), *zoo.tolerance[1:])
        )
    )


CHANGES: dict[str, tuple[Callable[[Rules], Rules], str, str, str]] = {
    "claim": (
        of_zoo(
            lambda zoo: replace(
                zoo,
                claims={
                    **zoo.claims,
                    PLAIN: (replace(zoo.claims[PLAIN][0], printed="1.0"),),
                },
            )
        ),
        f"claim box_ap of {PLAIN}",
        "48.9",
        "1.0",
    ),
    "tolerance": (
        in_part(value_pct=Decimal("9.9")),
        "tolerance rounding",
        "0.05 (derived: here)",
        "9.9 (derived: here)",
    ),
    "basis": (
        in_part(basis="measured"),
        "tolerance rounding",
        "0.05 (derived: here)",
        "0.05 (measured: here)",
    ),
    "erratum": (
        in_erratum(corrected="512"),
        "erratum E1",
        f"input_px of {DOUBTED}: 320 is 608, does change the run",
        f"input_px of {DOUBTED}: 320 is 512, does change the run",
    ),
    "pin of an archive": (
        in_archive(sha256="b" * 64),
        "archive m1",
        f"sha256 {'a' * 64}, 10 bytes",
        f"sha256 {'b' * 64}, 10 bytes",
    ),
    "address": (
        in_archive(moves=("https://elsewhere.example/m1.tar",)),
        "archive m1",
        "from https://models.example/m1.tar",
        "from https://models.example/m1.tar, https://elsewhere.example/m1.tar",
    ),
    "archive of a row": (in_row(archive="r50"), f"row {PLAIN}", "e m1", "e r50"),
    "size of a row": (in_row(input_px=96), f"row {PLAIN}", "input_px 608", "x 96"),
    "truth": (
        of_coco(truth_sha256=None),
        "truth_sha256 of coco",
        "a" * 64,
        "none",
    ),
    "count": (of_coco(image_count=2), "image_count of coco", "3", "2"),
    "file": (of_coco(files={"a.jpg": "1"}), "file a.jpg of coco", "0", "1"),
    "waiver": (
        lambda rules: replace(rules, waivers=(waiver("small"),)),
        f"waiver of lower for {PLAIN}",
        "none",
        "to 2030-01-01: known",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_rule_that_was_changed_is_told_with_both_values(
    rules: Rules, name: str
) -> None:
    change, what, before, after = CHANGES[name]
    (told,) = rule_differences(rules, change(rules))

    assert told.what == what
    assert before in told.judged_by
    assert after in told.proposed


def test_the_same_rules_do_not_differ(rules: Rules) -> None:
    foreign = replace(rules, waivers=(waiver("demo"),))

    assert rule_differences(rules, foreign) == ()


def test_a_second_waiver_of_a_row_is_a_second_rule(rules: Rules) -> None:
    one = replace(rules, waivers=(waiver("small"),))
    two = replace(rules, waivers=(waiver("small"), waiver("small")))
    (told,) = rule_differences(one, two)

    assert told.what == f"waiver of lower for {PLAIN} (2)"


def test_how_a_row_is_printed_is_no_rule(rules: Rules) -> None:
    assert rule_differences(rules, in_row(cells={}, table="other")(rules)) == ()
