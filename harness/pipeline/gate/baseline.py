"""Compares records with those of an earlier release, and finds what became worse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from harness.compare.tolerance import budget_of
from harness.errors import RecordInvalid, UsageError
from harness.pipeline.gate.finding import Finding, Rule, finding_of
from harness.pipeline.gate.records_folder import read_folder
from harness.values.records import INCOMPLETE, PASSING, Record, Verdict
from harness.values.rows import Row, Zoo

#: Part of the tolerance that is left out: both numbers are unrounded measurements.
ROUNDING = "rounding"


def read_baseline(folder: Path, zoo: Zoo) -> tuple[list[Finding], dict[str, Record]]:
    """Return the records of a baseline, and findings for those it cannot hold.

    Raises:
        UsageError: there is no such folder, or nothing in it is a record of the zoo:
            held to that, everything would pass.
    """
    if not folder.is_dir():
        raise UsageError(
            "baseline",
            expected="a folder of records",
            got=f"nothing at {folder}",
            next_step="name the folder that holds one folder per zoo, or the zoo's own",
        )
    findings, records = read_folder(folder, Rule.BASELINE_RECORD)
    own = {row_id: one for row_id, one in records.items() if one.zoo == zoo.name}
    if not own and not findings:
        zoos = sorted({one.zoo for one in records.values()})
        raise UsageError(
            f"baseline {folder}",
            expected=f"records of {zoo.name}",
            got=f"records of {', '.join(zoos)}" if zoos else "none",
            next_step="name another folder, or leave --baseline out",
        )
    for row_id in sorted({*records} - {*own}):
        error = RecordInvalid(
            "a record of another zoo in the baseline",
            expected=zoo.name,
            got=records[row_id].zoo,
            next_step="keep the records of each zoo in a folder of their own",
        )
        findings.append(finding_of(Rule.BASELINE_RECORD, row_id, error))
    return findings, own


def compare_with_baseline(
    zoo: Zoo, records: Mapping[str, Record], baseline: Mapping[str, Record]
) -> Iterator[Finding]:
    """Yield rows that vanished, whose verdict got worse, or whose number dropped.

    A number may drop by the row's tolerance without the part for rounding. A better
    number is no finding here: against its claim it is ``higher``.
    """
    rows = {row.row_id: row for row in zoo.rows}
    for row_id, before in sorted(baseline.items()):
        now, row = records.get(row_id), rows.get(row_id)
        if now is None or row is None:
            error = RecordInvalid(
                "a row of the baseline vanished",
                expected=f"a record ({before.verdict} in the baseline)",
                got="no record" if row is not None else f"no such row in {zoo.name}",
                next_step="measure it, or accept a baseline without it",
            )
            yield finding_of(Rule.VANISHED, row_id, error)
            continue
        if _rank(now.verdict) > _rank(before.verdict):
            error = RecordInvalid(
                "the verdict is worse than the baseline's",
                expected=before.verdict,
                got=now.verdict,
                next_step="find what changed since the baseline",
            )
            yield finding_of(Rule.WORSE, row_id, error, verdict=now.verdict)
        yield from _find_drops(zoo, row, now, before)


def _rank(verdict: Verdict) -> int:
    """Return how bad a verdict is; a row that fails outranks one not measured."""
    if verdict is Verdict.REPRODUCED:
        return 0
    if verdict is Verdict.REPRODUCED_WITH_ERRATUM:
        return 1
    return 2 if verdict in INCOMPLETE else 3


def _find_drops(zoo: Zoo, row: Row, now: Record, before: Record) -> Iterator[Finding]:
    parts = [part for part in zoo.tolerance if part.name != ROUNDING]
    budget = budget_of(parts, row)
    runs = {one.erratum: one for one in now.measurements}
    for earlier in before.measurements:
        later = runs.get(earlier.erratum)
        for claim in zoo.ap_claims(row.row_id):
            old = earlier.scores_pct.get(claim.metric)
            new = later.scores_pct.get(claim.metric) if later else None
            if old is None or new is None:
                continue  # the record is refused for that itself
            if Decimal(repr(old)) - Decimal(repr(new)) > budget.total_pct:
                error = RecordInvalid(
                    f"{claim.metric} at {earlier.input_px} px is lower than the "
                    "baseline's",
                    expected=f"{old:.4f} - {budget.total_pct} ({budget.text})",
                    got=f"{new:.4f}",
                    next_step="find what changed since the baseline",
                )
                waivable = None if now.verdict in PASSING else now.verdict
                yield finding_of(Rule.DROPPED, row.row_id, error, verdict=waivable)
