"""Decides whether the records of a zoo may pass, without Paddle and dataset.

What the records say is not believed: every number is computed again from the stored
detections, and every verdict from the numbers. What no computation from them can show
is said in the report's own last line (decision 0014).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ZooDataError
from harness.pipeline.gate.accepted_list import check_accepted
from harness.pipeline.gate.agreement import check_agreement
from harness.pipeline.gate.baseline import compare_with_baseline, read_baseline
from harness.pipeline.gate.demands import Demands, check_demands, notes_of
from harness.pipeline.gate.finding import Finding, Note, Rule, finding_of
from harness.pipeline.gate.recheck import recheck_rows
from harness.pipeline.gate.recheck_figures import recheck_structures
from harness.pipeline.gate.records_folder import demand_records, read_folder
from harness.pipeline.gate.rules import RuleDifference
from harness.pipeline.gate.sampled import Sampling, check_sample
from harness.report.tally import count_outcomes
from harness.values.datasets import KnownDataset
from harness.values.rows import Zoo
from harness.values.waivers import Waiver

LOGGER = logging.getLogger(__name__)

#: Exit codes of the command.  # design 3
EXIT_PASSED, EXIT_FAILED, EXIT_INCOMPLETE = 0, 1, 3

#: How far ahead a waiver may expire: a year, a leap day included.
LONGEST_DAYS = 366

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
class Waived:
    """A waiver that acted: without it the gate would have found more."""

    row_id: str
    verdict: str
    reason: str
    expires: str  # the last day on which it holds: "2020-01-31"
    excused: tuple[str, ...]  # the messages of what it excused


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
    findings += recheck_rows(zoo, records, records_folder, known_datasets, today=today)
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
    for finding in findings:
        LOGGER.info("%s: rule %s refuses", finding.row_id, finding.rule.value)
    for excuse in waived:
        LOGGER.info("%s: %s is waived", excuse.row_id, excuse.verdict)
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


def apply_waivers(
    findings: Sequence[Finding], waivers: Sequence[Waiver], today: dt.date
) -> tuple[list[Finding], tuple[Waived, ...]]:
    """Return the findings that no waiver excuses, and the waivers that acted.

    A waiver excuses the findings about one verdict of one row, up to and on the day it
    expires. One that expired, that runs longer than ``LONGEST_DAYS`` or that excuses
    nothing is itself a finding.

    Args:
        findings: what the gate found.
        waivers: of the same zoo.
        today: the day to judge by.
    """
    last = today + dt.timedelta(days=LONGEST_DAYS)
    valid = [one for one in waivers if today <= one.expires <= last]
    excused = {(one.row_id, str(one.verdict)) for one in valid}
    stay = [one for one in findings if (one.row_id, one.verdict) not in excused]
    met = {(one.row_id, one.verdict) for one in findings}
    for one in waivers:
        if one.expires > last:
            error = ZooDataError(
                f"the waiver of {one.verdict} runs too long ({one.reason})",
                expected=f"a day up to {last}",
                got=one.expires,
                next_step="give it a day at most a year ahead",
            )
            stay.append(finding_of(Rule.WAIVER_FAR, one.row_id, error))
        elif one not in valid:
            error = ZooDataError(
                f"the waiver of {one.verdict} has expired ({one.reason})",
                expected=f"a day from {today} on",
                got=one.expires,
                next_step="mend the row, or give the waiver a new reason and day",
            )
            stay.append(finding_of(Rule.WAIVER_EXPIRED, one.row_id, error))
        elif (one.row_id, str(one.verdict)) not in met:
            error = ZooDataError(
                f"the waiver of {one.verdict} excuses nothing ({one.reason})",
                expected=f"a row that ends as {one.verdict}",
                next_step="remove the waiver",
            )
            stay.append(finding_of(Rule.WAIVER_UNUSED, one.row_id, error))
    acted = tuple(
        Waived(
            row_id=one.row_id,
            verdict=one.verdict,
            reason=one.reason,
            expires=one.expires.isoformat(),
            excused=excuses,
        )
        for one in valid
        if (
            excuses := tuple(
                found.message
                for found in findings
                if (found.row_id, found.verdict) == (one.row_id, one.verdict)
            )
        )
    )
    return stay, acted


def _exit_code(findings: Sequence[Finding]) -> int:
    if any(one.fails for one in findings):
        return EXIT_FAILED
    return EXIT_INCOMPLETE if findings else EXIT_PASSED
