from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import UsageError
from harness.pipeline.gate.baseline import compare_with_baseline
from harness.pipeline.gate.gate import GateReport
from harness.values.records import Record, Verdict

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


def with_number(record: Record, ap_pct: float) -> dict[str, Record]:
    run = replace(record.measurements[0], scores_pct={"box_ap": ap_pct})
    return {record.row_id: replace(record, measurements=(run,))}


@pytest.mark.parametrize(
    ("now_pct", "dropped"),
    [(27.75, False), (27.7499, True), (27.8, False), (35.0, False)],
)
def test_a_number_may_drop_by_the_tolerance_without_rounding(
    green: Folder, now_pct: float, dropped: bool
) -> None:
    record = green.read(PLAIN)
    findings = compare_with_baseline(
        green.zoo, with_number(record, now_pct), with_number(record, 27.8)
    )

    assert [one.rule.value for one in findings] == (["dropped"] if dropped else [])


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Verdict.REPRODUCED, Verdict.REPRODUCED_WITH_ERRATUM),
        (Verdict.REPRODUCED_WITH_ERRATUM, Verdict.NO_DATASET),
        (Verdict.UNAVAILABLE, Verdict.LOWER),
        (Verdict.REPRODUCED, Verdict.HIGHER),
    ],
)
def test_verdicts_get_worse_in_one_direction(
    green: Folder, before: Verdict, now: Verdict
) -> None:
    record = green.read(PLAIN)
    old, new = ({PLAIN: replace(record, verdict=one)} for one in (before, now))
    worse = list(compare_with_baseline(green.zoo, new, old))

    assert [(one.rule.value, one.verdict) for one in worse] == [("worse", now)]
    assert list(compare_with_baseline(green.zoo, old, new)) == []


def test_one_failing_verdict_is_no_worse_than_another(green: Folder) -> None:
    record = green.read(PLAIN)
    lower, errored = (
        {PLAIN: replace(record, verdict=one)}
        for one in (Verdict.LOWER, Verdict.ERRORED)
    )

    assert list(compare_with_baseline(green.zoo, errored, lower)) == []


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


def test_a_baseline_with_nothing_of_the_zoo_is_refused(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    baseline = new_folder("baseline")
    for row_id in (PLAIN, DOUBTED):
        baseline.change(row_id, zoo="demo")

    with pytest.raises(
        UsageError,
        match=r"^baseline .*baseline; expected records of small, got records of demo; "
        r"name another folder, or leave --baseline out",
    ):
        green.gate(baseline=baseline)


def test_an_empty_baseline_is_refused(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    baseline = new_folder("baseline")
    for path in baseline.path.glob("*.json"):
        path.unlink()

    with pytest.raises(UsageError, match="expected records of small, got none; name"):
        green.gate(baseline=baseline)


def test_a_record_of_another_zoo_among_a_baseline_s_is_a_finding(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    baseline = new_folder("baseline")
    baseline.change(PLAIN, zoo="demo")
    report = green.gate(baseline=baseline)

    (finding,) = report.findings
    assert finding.message == (
        f"{PLAIN}: a record of another zoo in the baseline; expected small, got demo; "
        "keep the records of each zoo in a folder of their own"
    )
    assert [
        (one.row_id, one.message) for one in report.notes if "base" in one.message
    ] == [(PLAIN, "not in the baseline: held to none")]


def test_a_number_that_one_side_lacks_is_no_drop(green: Folder) -> None:
    record = green.read(PLAIN)
    whole = with_number(record, 27.8)
    run = replace(record.measurements[0], scores_pct={})
    lacks = {PLAIN: replace(record, measurements=(run,))}

    assert list(compare_with_baseline(green.zoo, lacks, whole)) == []
    assert list(compare_with_baseline(green.zoo, whole, lacks)) == []


def test_every_run_is_held_to_the_same_run_of_the_baseline(green: Folder) -> None:
    now = green.read(DOUBTED)
    printed, corrected = now.measurements
    before = replace(
        now, measurements=(printed, replace(corrected, scores_pct={"box_ap": 99.0}))
    )
    (finding,) = compare_with_baseline(green.zoo, {DOUBTED: now}, {DOUBTED: before})

    assert finding.rule == "dropped"
    assert "box_ap at 608 px is lower than the baseline's" in finding.message
    without = {DOUBTED: replace(now, measurements=(printed,))}
    assert list(compare_with_baseline(green.zoo, without, {DOUBTED: before})) == []


def test_a_drop_with_a_verdict_that_fails_is_waived_with_it(green: Folder) -> None:
    record = green.read(PLAIN)
    before, now = with_number(record, 99.0), with_number(record, 20.0)
    lower = {PLAIN: replace(now[PLAIN], verdict=Verdict.LOWER)}
    findings = list(compare_with_baseline(green.zoo, lower, before))

    assert [(one.rule.value, one.verdict) for one in findings] == [
        ("worse", Verdict.LOWER),
        ("dropped", Verdict.LOWER),
    ]
