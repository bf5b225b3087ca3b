"""Finds the folder of a zoo's records, and reads what can be read of it."""

from __future__ import annotations

import logging
from pathlib import Path

from harness.errors import RecordInvalid, UsageError
from harness.files.record_files import read_record
from harness.files.record_paths import record_paths
from harness.pipeline.gate.finding import Finding, Rule, finding_of
from harness.values.records import Record

LOGGER = logging.getLogger(__name__)


def folder_of_zoo(named: Path, zoo_name: str) -> Path:
    """Return where the records of a zoo are.

    Both forms are understood: the folder that holds one folder per zoo, and the zoo's
    own folder. A folder that is not there is returned as the first form has it.
    """
    below = named / zoo_name
    if not below.is_dir() and named.is_dir() and named.name == zoo_name:
        return named
    return below


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


def read_folder(folder: Path, rule: Rule) -> tuple[list[Finding], dict[str, Record]]:
    """Return the records of a folder by row id, and a finding for each unreadable one.

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
    LOGGER.info("%s: %s records, %s unreadable", folder, len(records), len(findings))
    return findings, records
