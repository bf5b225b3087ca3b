"""A zoo and a folder of records in, whether they may pass, out. No Paddle, no dataset.

What the records say is not believed: every number is computed again from the stored
detections, and every verdict from the numbers. What no computation from them can show
is said in the report's own last line (decision 0014).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RecordInvalid, UsageError
from harness.pipeline.gate.accepted_list import check_accepted
from harness.pipeline.gate.agreement import check_agreement
from harness.pipeline.gate.baseline import compare_with_baseline, read_baseline
from harness.pipeline.gate.demands import Demands, check_demands, notes_of
from harness.pipeline.gate.finding import Finding, Note, Rule, finding_of
from harness.pipeline.gate.read_folder import read_folder
from harness.pipeline.gate.recheck import recheck_record
from harness.pipeline.gate.rules import RuleDifference
from harness.pipeline.gate.sampled import Sampling, check_sample
from harness.pipeline.gate.structure import recheck_structures
from harness.pipeline.gate.waiving import Waived, apply_waivers
from harness.report.tally import NOT_MEASURED, count_outcomes
from harness.values.datasets import KnownDataset
from harness.values.records import FAILING, INCOMPLETE, Record
from harness.values.rows import Zoo
from harness.values.waivers import Waiver

#: Exit codes of the command.  # design 3
EXIT_PASSED, EXIT_FAILED, EXIT_INCOMPLETE = 0, 1, 3

#: What a passing gate leaves to be believed.
UNPROVEN = (
    "not proven: that a network found these detections, and the day, machine and code "
    "that the records name"
)
UNPROVEN_SAMPLED = (
    "not proven: the detections of images that were not drawn, and the day, machine "
    "and code that the records name"
)
HOW_TO_PROVE = "; `zoo gate --sample N --data-root DIR` looks at images again"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """What the gate found."""

    zoo: str
    findings: tuple[Finding, ...]  # by row id, refusals of a row in order of the rules
    waived: tuple[Waived, ...]  # the waivers that acted
    notes: tuple[Note, ...]  # what keeps nothing shut, and is to be known
    rule_differences: tuple[RuleDifference, ...]  # of a proposal from what judged it
    seed: int | None  # of the images that were looked at again; None: none were
    unproven: str  # what this gate cannot see, in one line
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
    demands: Demands | None = None,
    sampling: Sampling | None = None,
    rule_differences: Sequence[RuleDifference] = (),
) -> GateReport:
    """Return every reason why the records of a zoo may not pass.

    Exit code 0: every row reproduced, or excused. 1: a record is refused, a verdict
    fails, something is worse than the baseline, or a waiver is bad. 3: nothing of that,
    but a row could not be measured.

    Args:
        zoo: the edition to hold the records against; all of its rows are asked for.
        records_folder: records with their detections and truth.
        waivers: of any zoo; those of others are passed over.
        today: the day that waivers and records are judged by.
        baseline: the records of an earlier release; its detections are not needed.
        known_datasets: dataset -> what is known of the published one.
        demands: what else is asked of every record.
        sampling: detect again on drawn images; needs the data and a network's runtime.
        rule_differences: from the rules that a proposal brings; told, and not judged.

    Raises:
        UsageError: a folder that was asked for does not exist, or the baseline holds no
            record of the zoo.
    """
    demand_records(records_folder)
    known_datasets, demands = known_datasets or {}, demands or Demands()
    findings, records = read_folder(records_folder, Rule.RECORD)
    findings += _check_rows(zoo, records, records_folder, known_datasets, today=today)
    findings += recheck_structures(zoo, records_folder)
    known = {row.row_id for row in zoo.rows}
    own = {
        row_id: record
        for row_id, record in records.items()
        if row_id in known and record.zoo == zoo.name
    }
    findings += check_agreement(own)
    findings += check_accepted(records_folder, own)
    findings += check_demands(zoo, own, known_datasets, demands, today)
    notes = list(notes_of(zoo, own, known_datasets))
    if baseline is not None:
        unreadable, before = read_baseline(baseline, zoo)
        findings += unreadable
        findings += compare_with_baseline(zoo, own, before)
        notes += (
            Note(row_id=row_id, message="not in the baseline: held to none")
            for row_id in sorted({*own} - {*before})
        )
    if sampling is not None:
        findings += check_sample(zoo, own, records_folder, sampling)
    findings, waived = apply_waivers(
        findings, [one for one in waivers if one.zoo == zoo.name], today
    )
    findings.sort(key=lambda one: one.row_id)
    return GateReport(
        zoo=zoo.name,
        findings=tuple(findings),
        waived=waived,
        notes=tuple(notes),
        rule_differences=tuple(rule_differences),
        seed=None if sampling is None else sampling.seed,
        unproven=UNPROVEN + HOW_TO_PROVE if sampling is None else UNPROVEN_SAMPLED,
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


def _check_rows(
    zoo: Zoo,
    records: Mapping[str, Record],
    folder: Path,
    known_datasets: Mapping[str, KnownDataset],
    today: dt.date,
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
            yield from recheck_record(
                zoo, row, record, folder, known_datasets, today=today
            )
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
