from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from harness.pipeline.gate import GateReport
from harness.records import Verdict

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"

Folder = Any  # conftest.Folder; tests cannot import it


def rules_of(report: GateReport) -> set[tuple[str, str]]:
    return {(one.rule.value, one.row_id) for one in report.findings}


def test_a_baseline_of_the_same_numbers_passes(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    assert green.gate(baseline=new_folder("baseline")).exit_code == 0


def test_a_row_that_vanished_fails(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    (green.path / f"{PLAIN}.json").unlink()
    report = green.gate(baseline=new_folder("baseline"))

    assert rules_of(report) == {("no_record", PLAIN), ("vanished", PLAIN)}
    assert report.exit_code == 1


def test_a_row_that_left_the_zoo_fails(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    baseline = new_folder("baseline")
    (green.path / f"{PLAIN}.json").unlink()
    rows = tuple(row for row in green.zoo.rows if row.row_id != PLAIN)
    report = green.gate(zoo=replace(green.zoo, rows=rows), baseline=baseline)

    assert rules_of(report) == {("vanished", PLAIN)}
    assert "got no such row in small" in report.findings[0].message


@pytest.mark.parametrize("verdict", [Verdict.UNAVAILABLE, Verdict.ERRORED])
def test_a_worse_verdict_than_the_baselines_fails(
    green: Folder, new_folder: Callable[[str], Folder], verdict: Verdict
) -> None:
    green.unmeasure(PLAIN, verdict)
    report = green.gate(baseline=new_folder("baseline"))

    assert ("worse", PLAIN) in rules_of(report)
    assert any(
        f"worse than the baseline's; expected reproduced, got {verdict}" in one.message
        for one in report.findings
    )
    assert report.exit_code == 1


def test_a_better_verdict_than_the_baselines_passes(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    baseline = new_folder("baseline")
    baseline.unmeasure(PLAIN, Verdict.ERRORED)

    assert green.gate(baseline=baseline).exit_code == 0


@pytest.mark.parametrize(
    ("drop_pct", "dropped"),
    [(Decimal("0.05"), False), (Decimal("0.0501"), True), (Decimal("-5"), False)],
)
def test_a_number_may_drop_by_the_tolerance_without_rounding(
    green: Folder,
    new_folder: Callable[[str], Folder],
    drop_pct: Decimal,
    dropped: bool,
) -> None:
    baseline = new_folder("baseline")
    scores = dict(baseline.read(PLAIN).measurements[0].scores_pct)
    before_pct = float(Decimal(repr(scores["box_ap"])) + drop_pct)
    baseline.change_run(PLAIN, scores_pct={**scores, "box_ap": before_pct})
    report = green.gate(baseline=baseline)

    assert rules_of(report) == ({("dropped", PLAIN)} if dropped else set())
    assert report.exit_code == int(dropped)


def test_a_drop_that_still_reproduces_cannot_be_waived(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    baseline = new_folder("baseline")
    baseline.change_run(PLAIN, scores_pct={"box_ap": 99.0})
    report = green.gate(baseline=baseline)

    assert [one.verdict for one in report.findings] == [None]
    assert "box_ap at 608 px is lower than the baseline's; expected 99.0000 - 0.05" in (
        report.findings[0].message
    )


def test_a_baseline_that_cannot_be_read_fails(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    baseline = new_folder("baseline")
    (baseline.path / f"{PLAIN}.json").write_text("{")
    report = green.gate(baseline=baseline)

    assert rules_of(report) == {("baseline_record", PLAIN)}
    assert report.exit_code == 1
