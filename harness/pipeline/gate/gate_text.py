"""Writes a gate's report as lines, JSON, markdown and annotations of a workflow.

The text of a record is not ours: it must start no line of its own, and no log reader
may take it for a command.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

from harness.pipeline.gate.gate import GateReport
from harness.printable import LONGEST_PART_CHARS, printable, printable_json
from harness.report.summary import counts_line


def gate_json(report: GateReport) -> str:
    """Return the report as JSON: sorted keys, two spaces, final LF."""
    data = {
        "zoo": report.zoo,
        "exit_code": report.exit_code,
        "counts": dict(report.counts),
        "findings": [asdict(one) for one in report.findings],
        "waived": [asdict(one) for one in report.waived],
        "notes": [asdict(one) for one in report.notes],
        "rule_differences": [asdict(one) for one in report.rule_differences],
        "seed": report.seed,
        "unproven": report.unproven,
    }
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    return printable_json(text) + "\n"


def gate_lines(report: GateReport) -> Iterator[str]:
    """Yield what is printed: findings first, what the gate cannot see last."""
    if report.seed is not None:
        yield f"seed  {report.seed}: gives the images that were looked at again"
    for finding in report.findings:
        yield visible(f"{'FAIL' if finding.fails else 'miss'}  {finding.message}")
    yield from _other_lines(report)
    yield counts_line(report.counts)
    yield f"gate: {_word(report)}"
    yield report.unproven


def workflow_lines(report: GateReport) -> Iterator[str]:
    """Yield the findings as a workflow's annotations: ``::error title=...::...``."""
    for finding in report.findings:
        level = "error" if finding.fails else "warning"
        title = _escaped(f"{finding.rule}: {finding.row_id}", ":,")
        yield f"::{level} title={title}::{_escaped(finding.message)}"


def gate_markdown(report: GateReport) -> str:
    """Return the report as a workflow's summary shows it; text is text there."""
    lines = [
        *(
            f"{'FAIL' if one.fails else 'miss'}  {one.message}"
            for one in report.findings
        ),
        *_other_lines(report),
        counts_line(report.counts),
        report.unproven,
    ]
    # An indented block holds anything but a line end: no mark in it is read.
    told = "".join(f"    {visible(line)}\n" for line in lines)
    return f"## Gate of {visible(report.zoo)}: {_word(report)}\n\n{told}\n"


def visible(text: str) -> str:
    """Return text in one line: what would end it or steer a log is spelled out."""
    return printable(text, longest_chars=LONGEST_PART_CHARS)


def _other_lines(report: GateReport) -> Iterator[str]:
    for waived in report.waived:
        yield visible(
            f"waived  {waived.row_id}: {waived.verdict} until {waived.expires}: "
            f"{waived.reason}"
        )
    for one in report.rule_differences:
        yield visible(
            f"rule  {one.what}: judged by {one.judged_by}; proposed {one.proposed}"
        )
    for message, count in Counter(one.message for one in report.notes).items():
        yield visible(f"note  {message}: {count} rows")


def _word(report: GateReport) -> str:
    return "passed" if report.exit_code == 0 else "shut"


def _escaped(text: str, also: str = "") -> str:
    """Return text as the runner of a workflow reads it back: % first, then the rest."""
    return "".join(f"%{ord(one):02X}" if one in f"%\r\n{also}" else one for one in text)
