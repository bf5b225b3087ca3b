"""Compares the rules of a proposal with those it is judged by.

A proposal may bring its own claims, tolerance and waivers with its records. It is
judged by the rules of the branch that it wants to join, and each of its own is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from harness.values.datasets import FACTS, KnownDataset
from harness.values.rows import Erratum, Row, Zoo
from harness.values.waivers import Waiver

#: Stands where one side does not have a rule at all.
ABSENT = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that decides what a record may say."""

    zoo: Zoo  # rows, claims, errata, tolerance, and the pins of archives
    known_datasets: Mapping[str, KnownDataset]
    waivers: tuple[Waiver, ...]  # of any zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDifference:
    """One rule that a proposal would change."""

    what: str  # "claim box_ap of <row id>"
    judged_by: str  # what the gate went by
    proposed: str  # what it did not


def rule_differences(judged_by: Rules, proposed: Rules) -> tuple[RuleDifference, ...]:
    """Return every rule that is not the same on both sides, sorted by what it is."""
    ours, theirs = told_rules(judged_by), told_rules(proposed)
    return tuple(
        RuleDifference(
            what=what,
            judged_by=ours.get(what, ABSENT),
            proposed=theirs.get(what, ABSENT),
        )
        for what in sorted({*ours, *theirs})
        if ours.get(what) != theirs.get(what)
    )


def told_rules(rules: Rules) -> Mapping[str, str]:
    """Return every rule in words, by what it is about; nothing is left out."""
    told: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for what, value in _told(rules):
        seen[what] += 1  # two waivers of one row are two rules
        told[what if seen[what] == 1 else f"{what} ({seen[what]})"] = value
    return told


def _told(rules: Rules) -> Iterator[tuple[str, str]]:
    zoo = rules.zoo
    for row in zoo.rows:
        yield f"row {row.row_id}", _row(row)
    for claims in zoo.claims.values():
        for claim in claims:
            yield f"claim {claim.metric} of {claim.row_id}", claim.printed
    for part in zoo.tolerance:
        of = (
            "".join(
                f", {name} {' or '.join(values)}"
                for name, values in sorted(part.applies_to.items())
            )
            + ", retrained rows" * part.only_retrained
        )
        yield (
            f"tolerance {part.name}{of}",
            f"{part.value_pct} ({part.basis}: {part.source})",
        )
    for one in zoo.errata:
        yield (
            f"erratum {one.erratum_id}",
            _erratum(one),
        )
    for archive in zoo.archives.values():
        addresses = ", ".join((archive.url, *archive.moves))
        told = f"sha256 {archive.sha256}, {archive.size_bytes} bytes, from {addresses}"
        yield f"archive {archive.name}", told
    yield from _datasets(rules.known_datasets)
    for waiver in rules.waivers:
        if waiver.zoo == zoo.name:
            yield (
                f"waiver of {waiver.verdict} for {waiver.row_id}",
                f"to {waiver.expires}: {waiver.reason}",
            )


def _erratum(one: Erratum) -> str:
    rows, runs = ", ".join(one.rows) or "no row", "" if one.changes_run else " not"
    why = "; ".join(filter(None, (*one.evidence, one.note)))
    return (
        f"{one.field} of {rows}: {one.printed} is {one.corrected}, does{runs} change "
        f"the run ({why})"
    )


def _row(row: Row) -> str:
    """Return what decides how a row is measured; not how it is printed."""
    names = (one.name for one in fields(row))
    kept = [one for one in names if one not in ("row_id", "zoo", "table", "cells")]
    return ", ".join(f"{name} {getattr(row, name)}" for name in kept)


def _datasets(known: Mapping[str, KnownDataset]) -> Iterator[tuple[str, str]]:
    for dataset, one in known.items():
        for field in FACTS:
            value = getattr(one, field)
            if value is not None:
                yield f"{field} of {dataset}", str(value)
        for name, digits in (one.files or {}).items():
            yield f"file {name} of {dataset}", digits
