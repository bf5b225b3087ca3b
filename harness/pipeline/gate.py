"""A zoo and a folder of records in, whether they may pass, out. No Paddle, no dataset.

What the records say is not believed: every number is computed again from the stored
detections, and every verdict from the numbers.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import RecordInvalid, UsageError
from harness.pipeline.baseline import compare_with_baseline
from harness.pipeline.finding import Finding, Rule, finding_of
from harness.pipeline.recheck import recheck_record
from harness.pipeline.structure import recheck_structures
from harness.pipeline.waiving import apply_waivers
from harness.printable import printable_json
from harness.record_files import read_record
from harness.record_paths import record_paths
from harness.records import FAILING, INCOMPLETE, Record
from harness.registry.datasets import KnownDataset
from harness.registry.waivers import Waiver
from harness.report.tally import NOT_MEASURED, count_outcomes
from harness.rows import Zoo

#: Exit codes of the command.  # design 3
EXIT_PASSED, EXIT_FAILED, EXIT_INCOMPLETE = 0, 1, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """What the gate found."""

    zoo: str
    findings: tuple[Finding, ...]  # by row id, refusals of a row in order of the rules
    counts: Mapping[str, int]  # rows by outcome; sums to the rows of the zoo
    exit_code: int


def gate(
    zoo: Zoo,
    records_folder: Path,
    *,
    waivers: Sequence[Waiver],
    today: dt.date,
    baseline: Path | None = None,
    known_datasets: Mapping[str, KnownDataset] | None = None,
) -> GateReport:
    """Return every reason why the records of a zoo may not pass.

    Exit code 0: every row reproduced, or excused. 1: a record is refused, a verdict
    fails, something is worse than the baseline, or a waiver is bad. 3: nothing of that,
    but a row could not be measured.

    Args:
        zoo: the edition to hold the records against; all of its rows are asked for.
        records_folder: records with their detections and truth.
        waivers: of any zoo; those of others are passed over.
        today: the day that waivers are judged by.
        baseline: the records of an earlier release; its detections are not needed.
        known_datasets: dataset -> what is known of the published one.

    Raises:
        UsageError: a folder that was asked for does not exist.
    """
    for folder in (records_folder, *([baseline] if baseline else [])):
        demand_records(folder)
    findings, records = _read_folder(records_folder, Rule.RECORD)
    findings += _check_rows(zoo, records, records_folder, known_datasets or {})
    findings += recheck_structures(zoo, records_folder)
    known = {row.row_id for row in zoo.rows}
    own = {
        row_id: record
        for row_id, record in records.items()
        if row_id in known and record.zoo == zoo.name
    }
    if baseline is not None:
        unreadable, before = _read_folder(baseline, Rule.BASELINE_RECORD)
        findings += unreadable
        findings += compare_with_baseline(zoo, own, before)
    findings = apply_waivers(
        findings, [one for one in waivers if one.zoo == zoo.name], today
    )
    findings.sort(key=lambda one: one.row_id)
    return GateReport(
        zoo=zoo.name,
        findings=tuple(findings),
        counts=count_outcomes(sorted(known), own),
        exit_code=_exit_code(findings),
    )


def demand_records(folder: Path) -> Path:
    """Return a folder of records that was asked for.

    Raises:
        UsageError: it is not there.
    """
    if not folder.is_dir():
        raise UsageError(
            "records folder",
            expected="a folder",
            got=f"nothing at {folder}",
            next_step="measure rows with --records, or name another folder",
        )
    return folder


def gate_json(report: GateReport) -> str:
    """Return the report as JSON: sorted keys, two spaces, final LF."""
    data = {
        "zoo": report.zoo,
        "exit_code": report.exit_code,
        "counts": dict(report.counts),
        "findings": [asdict(one) for one in report.findings],
    }
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    return printable_json(text) + "\n"


def _read_folder(folder: Path, rule: Rule) -> tuple[list[Finding], dict[str, Record]]:
    """Return the records that can be read, and a finding for each that cannot."""
    findings: list[Finding] = []
    records: dict[str, Record] = {}
    for path in record_paths(folder):
        try:
            records[path.stem] = read_record(path)
        except RecordInvalid as error:
            findings.append(finding_of(rule, path.stem, error))
    return findings, records


def _check_rows(
    zoo: Zoo,
    records: Mapping[str, Record],
    folder: Path,
    known_datasets: Mapping[str, KnownDataset],
) -> Iterator[Finding]:
    rows = {row.row_id: row for row in zoo.rows}
    for row_id in sorted({*rows, *records}):
        row, record = rows.get(row_id), records.get(row_id)
        if record is None:
            error = RecordInvalid(
                "not measured",
                expected=f"{folder.name}/{row_id}.json",
                got="no record",
                next_step="measure the row",
            )
            yield finding_of(
                Rule.NO_RECORD, row_id, error, fails=False, verdict=NOT_MEASURED
            )
        elif record.zoo != zoo.name:
            error = RecordInvalid(
                "a record of another zoo",
                expected=zoo.name,
                got=record.zoo,
                next_step="keep the records of each zoo in a folder of their own",
            )
            yield finding_of(Rule.ZOO, row_id, error)
        elif row is None:
            error = RecordInvalid(
                "a record of no row",
                expected=f"one of the {len(rows)} rows of {zoo.name}",
                got=row_id,
                next_step="remove the record, or add the row",
            )
            yield finding_of(Rule.ROW, row_id, error)
        else:
            yield from recheck_record(zoo, row, record, folder, known_datasets)
            yield from _check_outcome(record)


def _check_outcome(record: Record) -> Iterator[Finding]:
    if record.verdict in FAILING | INCOMPLETE:
        fails = record.verdict in FAILING
        error = RecordInvalid(
            record.reason or "no reason was recorded",
            expected="reproduced",
            got=record.verdict,
            next_step="mend it, or waive it in expected/waivers.toml",
        )
        yield finding_of(
            Rule.FAILED if fails else Rule.INCOMPLETE,
            record.row_id,
            error,
            fails=fails,
            verdict=record.verdict,
        )


def _exit_code(findings: Sequence[Finding]) -> int:
    if any(one.fails for one in findings):
        return EXIT_FAILED
    return EXIT_INCOMPLETE if findings else EXIT_PASSED
