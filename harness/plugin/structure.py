"""Makes a case of each published figure that needs no data, and ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from harness.errors import HarnessError, UsageError
from harness.files.record_json import record_to_json, structure_from_json
from harness.values.records import PASSING, StructureRecord
from harness.values.rows import Claim, Zoo

CASE = "test_structure"
PARAMETER = "zoo_figure"
#: The record of a case, until its report carries it.
CASE_KEY = pytest.StashKey[str]()
#: Attribute of a report, which pytest-xdist hands over from its workers.
ATTRIBUTE = "zoo_structure"


def figure_cases(zoo: Zoo) -> Iterator[object]:
    """Yield one parameter set per figure, ``<row id>-<metric>``, and its markers."""
    for row in zoo.rows:
        for claim in zoo.structure_claims(row.row_id):
            marks = [pytest.mark.structure, getattr(pytest.mark, row.architecture)]
            yield pytest.param(claim, id=f"{row.row_id}-{claim.metric}", marks=marks)


def is_figure(item: pytest.Item) -> bool:
    """Whether the item is the case of a figure."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and PARAMETER in callspec.params


def prints_any(zoo: Zoo) -> bool:
    """Whether a zoo prints a figure at all."""
    return any(zoo.structure_claims(row.row_id) for row in zoo.rows)


def computing(zoo: Zoo, folder: Path) -> Callable[[Claim], StructureRecord]:
    """Return what computes the figures of a row, each row once, and writes a record."""
    from harness.files.record_files import write_structure
    from harness.pipeline.measure.computed_figures import structure_record
    from harness.pipeline.measure.told_places import HOME, told_record

    computed: dict[str, StructureRecord] = {}

    def compute(claim: Claim) -> StructureRecord:
        if claim.row_id not in computed:
            row = zoo.row(claim.row_id)
            places = {str(folder): "<records>", str(Path.home()): HOME}
            record = told_record(structure_record(zoo, row), places)
            try:
                write_structure(folder, record)
            except UsageError as refusal:
                pytest.fail(f"errored: {refusal}", pytrace=False)
            computed[claim.row_id] = record
        return computed[claim.row_id]

    return compute


def end_figure(claim: Claim, record: StructureRecord) -> None:
    """Pass or fail as the verdict of the claimed figure says (design 3)."""
    figures = [one for one in record.figures if one.metric == claim.metric]
    if not figures:
        pytest.fail(f"{record.verdict}: {record.reason}", pytrace=False)
    (figure,) = figures
    if figure.verdict not in PASSING:
        error = HarnessError(
            f"{claim.row_id}: {claim.metric}",
            expected=f"{figure.printed} within {figure.tolerance} ({figure.basis})",
            got=figure.computed,
        )
        pytest.fail(f"{figure.verdict}: {error}", pytrace=False)


def keep_figure(item: pytest.Item, claim: Claim, record: StructureRecord) -> None:
    """Keep a record for the end of the run, and name its figure for a JUnit file."""
    item.stash[CASE_KEY] = f"{claim.metric}\n{record_to_json(record)}"
    item.user_properties.append(("published", claim.printed))
    figures = [one for one in record.figures if one.metric == claim.metric]
    for one in figures:
        item.user_properties += [
            ("measured", one.computed),
            ("difference", one.difference),
            ("tolerance", one.tolerance),
        ]
    verdict = figures[0].verdict if figures else record.verdict
    item.user_properties.append(("verdict", verdict.value))


def hand_over(item: pytest.Item, report: pytest.TestReport) -> None:
    """Give a report the record of its case."""
    if report.when == "call" and CASE_KEY in item.stash:
        setattr(report, ATTRIBUTE, item.stash[CASE_KEY])


def records_of(reports: Iterable[object]) -> dict[tuple[str, str], StructureRecord]:
    """Return the records that the reports carry, by row id and metric."""
    records: dict[tuple[str, str], StructureRecord] = {}
    for report in reports:
        carried = getattr(report, ATTRIBUTE, None)
        if carried is not None:
            metric, _, text = str(carried).partition("\n")
            record = structure_from_json(text)
            records[record.row_id, metric] = record
    return records


def table_of(zoo: Zoo, computed: Mapping[tuple[str, str], StructureRecord]) -> str:
    """Return the table of the figures that cases computed, in printed order."""
    from harness.report.figures import figures_text

    claims = [
        claim
        for row in zoo.rows
        for claim in zoo.structure_claims(row.row_id)
        if (claim.row_id, claim.metric) in computed
    ]
    return figures_text(computed.values(), claims)
