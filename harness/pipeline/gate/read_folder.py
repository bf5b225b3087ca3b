"""A folder of records in; those that can be read, and a finding for each other, out."""

from __future__ import annotations

from pathlib import Path

from harness.errors import RecordInvalid
from harness.files.record_files import read_record
from harness.files.record_paths import record_paths
from harness.pipeline.gate.finding import Finding, Rule, finding_of
from harness.values.records import Record


def read_folder(folder: Path, rule: Rule) -> tuple[list[Finding], dict[str, Record]]:
    """Return the records that can be read, and a finding for each that cannot.

    Args:
        folder: of records.
        rule: what such a finding is of.
    """
    findings: list[Finding] = []
    records: dict[str, Record] = {}
    for path in record_paths(folder):
        try:
            records[path.stem] = read_record(path)
        except RecordInvalid as error:
            findings.append(finding_of(rule, path.stem, error))
    return findings, records
