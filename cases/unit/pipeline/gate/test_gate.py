import datetime as dt
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.files.record_files import write_record
from harness.files.retrained_files import retrained_folder
from harness.pipeline.gate.demands import Demands
from harness.pipeline.gate.gate import GateReport, gate
from harness.pipeline.gate.gate_text import gate_json
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


def test_records_that_are_all_true_pass(green: Folder) -> None:
    report = green.gate()

    assert report.findings == ()
    assert report.exit_code == 0
    assert report.counts["reproduced"] == 1
    assert report.counts["reproduced_with_erratum"] == 1
    assert sum(report.counts.values()) == 2


def test_a_row_without_a_record_leaves_the_gate_incomplete(green: Folder) -> None:
    (green.path / f"{PLAIN}.json").unlink()
    report = green.gate()

    assert rules_of(report) == {("no_record", PLAIN)}
    assert report.findings[0].message == (
        f"not measured; expected records/{PLAIN}.json, got no record; measure the row"
    )
    assert report.counts["not_measured"] == 1
    assert report.exit_code == 3


def test_records_of_retrained_rows_beside_are_passed_over(green: Folder) -> None:
    before = green.gate()
    apart = retrained_folder(green.path)
    write_record(apart, replace(green.read(PLAIN), verdict=Verdict.LOWER, zoo="x"))
    (apart / "broken.json").write_text("{", encoding="utf-8")

    assert green.gate() == before
    (green.path / f"{PLAIN}.json").unlink()
    assert rules_of(green.gate()) == {("no_record", PLAIN)}


@pytest.mark.parametrize("text", ["{", '{"format": 1}', "\udcff"])
def test_a_record_that_cannot_be_read_is_refused(green: Folder, text: str) -> None:
    path = green.path / f"{PLAIN}.json"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    report = green.gate()

    assert ("record", PLAIN) in rules_of(report)
    assert str(path) in report.findings[0].message
    assert report.counts["not_measured"] == 1
    assert report.exit_code == 1


def test_a_record_of_another_zoo_is_refused(green: Folder) -> None:
    green.change(PLAIN, zoo="demo")
    report = green.gate()

    assert rules_of(report) == {("zoo", PLAIN)}
    assert "a record of another zoo; expected small, got demo" in (
        report.findings[0].message
    )
    assert report.exit_code == 1


def test_a_record_of_no_row_is_refused(green: Folder) -> None:
    rows = tuple(row for row in green.zoo.rows if row.row_id != PLAIN)
    report = green.gate(zoo=replace(green.zoo, rows=rows))

    assert rules_of(report) == {("row", PLAIN)}
    assert "a record of no row; expected one of the 1 rows of small" in (
        report.findings[0].message
    )
    assert sum(report.counts.values()) == 1
    assert report.exit_code == 1


@pytest.mark.parametrize(
    ("verdict", "rule", "exit_code"),
    [
        (Verdict.UNAVAILABLE, "incomplete", 3),
        (Verdict.NO_DATASET, "incomplete", 3),
        (Verdict.NO_DEVICE, "incomplete", 3),
        (Verdict.WRONG_ARCHIVE, "failed", 1),
        (Verdict.UNREADABLE, "failed", 1),
        (Verdict.ERRORED, "failed", 1),
    ],
)
def test_a_row_that_gave_no_number_fails_or_is_incomplete(
    green: Folder, verdict: Verdict, rule: str, exit_code: int
) -> None:
    green.unmeasure(PLAIN, verdict)
    report = green.gate()

    assert rules_of(report) == {(rule, PLAIN)}
    assert report.findings[0].message == (
        f"{PLAIN}: because; expected reproduced, got {verdict}; "
        "mend it, or waive it in expected/waivers.toml"
    )
    assert report.exit_code == exit_code


def test_an_honest_miss_fails(green: Folder, moved: Moved) -> None:
    green.measure(PLAIN, {None: moved(7.0)})
    report = green.gate()

    assert rules_of(report) == {("failed", PLAIN)}
    assert report.counts["lower"] == 1
    assert report.exit_code == 1


def test_a_failure_outranks_what_is_missing(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.ERRORED)
    (green.path / f"{DOUBTED}.json").unlink()

    assert green.gate().exit_code == 1


@pytest.mark.parametrize("which", ["records", "baseline"])
def test_a_folder_that_does_not_exist_is_a_usage_error(
    green: Folder, tmp_path: Path, which: str
) -> None:
    missing = tmp_path / "missing"

    with pytest.raises(
        UsageError, match=r"; expected a folder.*, got nothing at .*missing"
    ):
        gate(
            green.zoo,
            missing if which == "records" else green.path,
            waivers=(),
            today=TODAY,
            baseline=missing if which == "baseline" else None,
        )


def test_an_empty_folder_is_incomplete_in_every_row(
    green: Folder, tmp_path: Path
) -> None:
    report = gate(green.zoo, tmp_path, waivers=(), today=TODAY)

    assert {rule for rule, _ in rules_of(report)} == {"no_record"}
    assert report.counts["not_measured"] == 2
    assert report.exit_code == 3


def test_the_json_form_holds_everything(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.ERRORED)
    data = json.loads(gate_json(green.gate()))

    assert (data["zoo"], data["exit_code"]) == ("small", 1)
    assert data["counts"]["errored"] == 1
    assert [one["rule"] for one in data["findings"]] == ["failed"]
    assert data["findings"][0]["fails"] is True


def test_the_counts_hold_no_record_that_is_refused_as_another_zoo_s(
    green: Folder,
) -> None:
    green.change(PLAIN, zoo="demo")
    counts = green.gate().counts

    assert (counts["not_measured"], counts["reproduced"]) == (1, 0)
    assert sum(counts.values()) == 2


def test_a_record_of_another_zoo_is_neither_noted_nor_asked_for_pins(
    green: Folder,
) -> None:
    green.change(PLAIN, zoo="demo")
    report = green.gate(demands=Demands(pinned=True, device="gpu"))

    assert {one.row_id for one in report.notes} == {DOUBTED}
    assert {one.rule for one in report.findings if one.row_id == PLAIN} == {"zoo"}


def test_a_row_that_the_baseline_lacks_is_noted(
    green: Folder, new_folder: Callable[[str], Folder]
) -> None:
    baseline = new_folder("baseline")
    (baseline.path / f"{PLAIN}.json").unlink()
    report = green.gate(baseline=baseline)

    assert report.exit_code == 0
    assert [one.row_id for one in report.notes if "baseline" in one.message] == [PLAIN]


def test_what_a_gate_without_a_sample_leaves_unproven_is_told(green: Folder) -> None:
    report = green.gate()

    assert report.seed is None
    assert report.unproven.startswith("not proven: that a network found these")
    assert report.unproven.endswith("looks at images again")


def test_findings_come_by_row_and_are_logged_with_what_is_waived(
    green: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="harness.pipeline.gate.gate")
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)
    green.unmeasure(DOUBTED, Verdict.ERRORED)
    waiver = Waiver(
        zoo="small",
        row_id=PLAIN,
        verdict=Verdict.UNAVAILABLE,
        reason="known",
        expires=TODAY,
    )
    report = green.gate(waiver)

    assert [one.row_id for one in report.findings] == [DOUBTED]
    assert caplog.messages == [
        f"{DOUBTED}: rule failed refuses",
        f"{PLAIN}: unavailable is waived",
    ]
