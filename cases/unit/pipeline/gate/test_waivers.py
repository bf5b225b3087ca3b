import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.pipeline.gate.gate import GateReport
from harness.values.detections import Detections
from harness.values.records import Verdict
from harness.values.waivers import Waiver

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"

TODAY = dt.date(2030, 6, 15)

Folder = Any  # conftest.Folder; tests cannot import it
Moved = Callable[[float], Detections]


def rules_of(report: GateReport) -> set[tuple[str, str]]:
    return {(one.rule.value, one.row_id) for one in report.findings}


def waiver(row_id: str, verdict: Verdict, *, days: int = 1, **changes: Any) -> Waiver:
    return replace(
        Waiver(
            zoo="small",
            row_id=row_id,
            verdict=verdict,
            reason="known",
            expires=TODAY + dt.timedelta(days=days),
        ),
        **changes,
    )


def test_a_waiver_excuses_its_verdict(green: Folder, moved: Moved) -> None:
    green.measure(PLAIN, {None: moved(7.0)})
    report = green.gate(waiver(PLAIN, Verdict.LOWER))

    assert report.findings == ()
    assert report.counts["lower"] == 1
    assert report.exit_code == 0


def test_a_waiver_holds_on_its_last_day(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)

    assert green.gate(waiver(PLAIN, Verdict.UNAVAILABLE, days=0)).exit_code == 0


def test_a_waiver_excuses_no_other_verdict(green: Folder, moved: Moved) -> None:
    green.measure(PLAIN, {None: moved(7.0)})
    report = green.gate(waiver(PLAIN, Verdict.HIGHER))

    assert rules_of(report) == {("failed", PLAIN), ("waiver_unused", PLAIN)}
    assert report.exit_code == 1


def test_a_waiver_excuses_no_other_row(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)
    report = green.gate(waiver(DOUBTED, Verdict.UNAVAILABLE))

    assert rules_of(report) == {("incomplete", PLAIN), ("waiver_unused", DOUBTED)}


def test_a_waiver_of_another_zoo_is_nobodys_business(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)
    foreign = waiver(PLAIN, Verdict.UNAVAILABLE, zoo="demo")

    assert rules_of(green.gate(foreign)) == {("incomplete", PLAIN)}


def test_a_waiver_does_not_excuse_an_untrue_record(green: Folder, moved: Moved) -> None:
    green.measure(PLAIN, {None: moved(7.0)})
    green.change_run(PLAIN, detection_count=5)
    report = green.gate(waiver(PLAIN, Verdict.LOWER))

    assert rules_of(report) == {("detections", PLAIN)}
    assert report.exit_code == 1


def test_an_expired_waiver_fails(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)
    report = green.gate(waiver(PLAIN, Verdict.UNAVAILABLE, days=-1))

    assert rules_of(report) == {("incomplete", PLAIN), ("waiver_expired", PLAIN)}
    assert report.findings[1].message == (
        f"{PLAIN}: the waiver of unavailable has expired (known); expected a day from "
        "2030-06-15 on, got 2030-06-14; mend the row, or give the waiver a new reason "
        "and day"
    )
    assert report.exit_code == 1


def test_an_unused_waiver_fails(green: Folder) -> None:
    report = green.gate(waiver(PLAIN, Verdict.LOWER))

    assert rules_of(report) == {("waiver_unused", PLAIN)}
    assert report.findings[0].message == (
        f"{PLAIN}: the waiver of lower excuses nothing (known); expected a row that "
        "ends as lower; remove the waiver"
    )
    assert report.exit_code == 1


def test_a_waiver_excuses_a_worse_verdict_and_its_drop(
    green: Folder, new_folder: Callable[[str], Folder], moved: Moved
) -> None:
    baseline = new_folder("baseline")
    green.measure(PLAIN, {None: moved(7.0)})

    assert {("worse", PLAIN), ("dropped", PLAIN), ("failed", PLAIN)} == rules_of(
        green.gate(baseline=baseline)
    )
    assert green.gate(waiver(PLAIN, Verdict.LOWER), baseline=baseline).exit_code == 0


def test_a_waiver_runs_a_year_and_no_day_longer(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)
    year = green.gate(waiver(PLAIN, Verdict.UNAVAILABLE, days=366))
    longer = green.gate(waiver(PLAIN, Verdict.UNAVAILABLE, days=367))

    assert year.exit_code == 0
    assert rules_of(longer) == {("incomplete", PLAIN), ("waiver_far", PLAIN)}


def test_a_waiver_that_acted_is_told_with_all_that_it_excused(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)
    (waived,) = green.gate(waiver(PLAIN, Verdict.UNAVAILABLE)).waived

    assert (waived.row_id, waived.verdict) == (PLAIN, "unavailable")
    assert (waived.reason, waived.expires) == ("known", "2030-06-16")
    (message,) = waived.excused
    assert message.startswith(f"{PLAIN}: because; expected reproduced, got unavailable")
