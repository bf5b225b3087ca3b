"""Writes the pages MODEL_ZOO.md and MODEL_ZOO_en.md of a zoo and its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from harness.report import notes
from harness.report.cells import erratum_link, metric_cell
from harness.report.deployment import PrecisionRecords, deployment
from harness.report.figures import (
    check_structures,
    claim_of_column,
    count_figures,
    figure_cell,
)
from harness.report.inert import inert, inert_comment, link
from harness.report.markdown import render_table
from harness.report.retrained import retrained
from harness.report.tally import NOT_MEASURED, check_belonging, count_outcomes
from harness.report.words import PAGES, Words
from harness.values.records import Record, StructureRecord, Verdict
from harness.values.rows import STRUCTURE_METRICS, Row, Table, Zoo


class Values(StrEnum):
    """What the AP cells of a page hold."""

    MEASURED = "measured"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What one page is made of."""

    zoo: Zoo
    records: Mapping[str, Record]
    values: Values
    words: Words
    structures: Mapping[str, StructureRecord] = field(default_factory=dict)
    precisions: Sequence[PrecisionRecords] = ()
    trained: Mapping[str, Record] = field(default_factory=dict)


def render_pages(
    zoo: Zoo,
    records: Mapping[str, Record],
    values: Values,
    structures: Mapping[str, StructureRecord] | None = None,
    precisions: Sequence[PrecisionRecords] = (),
    *,
    trained: Mapping[str, Record] | None = None,
) -> dict[str, str]:
    """Return the text of every page by file name; the same input, the same bytes.

    Raises:
        RecordInvalid: a record is of another zoo, or of no row of this one.
    """
    check_belonging(zoo, records)
    check_structures(zoo, structures or {})
    check_belonging(zoo, trained or {})
    for one in precisions:
        check_belonging(zoo, one.records)
    return {
        name: _render(
            _Page(
                zoo=zoo,
                records=records,
                values=values,
                words=words,
                structures=structures or {},
                precisions=precisions,
                trained=trained or {},
            )
        )
        for name, words in PAGES.items()
    }


def _render(page: _Page) -> str:
    zoo, words = page.zoo, page.words
    blocks = [
        f"<!-- {words.generated.format(command=inert_comment(_command(page)))} -->",
        f"# {inert(words.titles.get(zoo.title, zoo.title))}",
    ]
    if page.values is Values.PUBLISHED:
        blocks.append(words.published_only)
    else:
        blocks += [_head(page), *_figures_head(page), words.how_to_read]
        if any(zoo.structure_claims(row.row_id) for row in zoo.rows):
            blocks.append(words.how_to_read_figures)
        blocks += notes.environments(page.records, words)
    ordered = sorted(zoo.tables, key=lambda table: table.order)
    for chapter, tables in groupby(ordered, key=lambda table: table.chapter):
        blocks += _chapter(page, chapter, list(tables))
    if page.values is Values.MEASURED:
        blocks += retrained(zoo, page.records, page.trained, words)
        blocks += deployment(zoo, page.records, page.precisions, words)
    blocks += notes.errata(zoo, words)
    if page.values is Values.MEASURED:
        blocks += notes.datasets(page.records, words)
        blocks += notes.archives(page.records, words)
        blocks += notes.rows(zoo, page.records, words)
    return "\n\n".join(blocks) + "\n"


def _command(page: _Page) -> str:
    command = f"zoo report --zoo {page.zoo.name}"
    if page.values is Values.MEASURED:
        return command
    return f"{command} --values {page.values}"


def _head(page: _Page) -> str:
    """Return the count of every verdict that a row came to; it sums to the rows."""
    counts = count_outcomes((row.row_id for row in page.zoo.rows), page.records)
    words = {**page.words.verdicts, NOT_MEASURED: page.words.unmeasured}
    terms = [f"{count} {words[one]}" for one, count in counts.items() if count]
    return page.words.head.format(
        rows=page.words.rows(len(page.zoo.rows)), sum=" + ".join(terms)
    )


def _figures_head(page: _Page) -> Iterator[str]:
    """Yield the count of every verdict of a figure; nothing if none is published."""
    counts = count_figures(page.zoo, page.structures)
    words = {
        **page.words.verdicts,
        NOT_MEASURED: page.words.unmeasured,
        Verdict.UNREADABLE: page.words.without_network,
    }
    terms = [f"{count} {words[one]}" for one, count in counts.items() if count]
    if terms:
        yield page.words.figures_head.format(
            count=sum(counts.values()), sum=" + ".join(terms)
        )


def _chapter(page: _Page, chapter: str, tables: list[Table]) -> Iterator[str]:
    words = page.words
    yield f"## {_translated(chapter, tables[0], words)}"
    rows = {row.row_id: row for row in page.zoo.rows}
    strategies = dict.fromkeys(
        rows[row_id].strategy for table in tables for row_id in table.row_ids
    )
    explained = [
        f"- `{one}`{words.colon}{words.strategies[one]}"
        for one in strategies
        if one in words.strategies
    ]
    if explained:
        yield f"### {words.strategy_heading}"
        yield "\n".join(explained)
    for table in tables:
        yield f"### {_translated(table.heading, table, words)}"
        yield render_table(
            [_translated(title, table, words) for title in table.columns],
            [
                [_cell(page, rows[row_id], table, title) for title in table.columns]
                for row_id in table.row_ids
            ],
            table.align,
        )


def _cell(page: _Page, row: Row, table: Table, title: str) -> str:
    zoo, words = page.zoo, page.words
    if title == table.link_column:
        linked = link(words.link_label, zoo.archives[row.archive].url)
        marks = _marks(zoo, row) if page.values is Values.MEASURED else ""
        return f"{linked}{marks}"
    metric = table.metric_columns.get(title)
    if metric is None:
        return _translated(row.cells[title], table, words)
    if metric in STRUCTURE_METRICS and page.values is Values.PUBLISHED:
        claim = claim_of_column(zoo, row, metric)
        return "" if claim is None else inert(claim.printed)
    if metric in STRUCTURE_METRICS:
        return figure_cell(zoo, row, metric, page.structures.get(row.row_id), words)
    if page.values is Values.MEASURED:
        return metric_cell(zoo, row, metric, page.records.get(row.row_id), words)
    return inert(zoo.printed(row.row_id, metric) or "")


def _marks(zoo: Zoo, row: Row) -> str:
    """Return links to the errata of the row, each after a space."""
    return "".join(
        f" {erratum_link(one.erratum_id)}" for one in zoo.errata_of(row.row_id)
    )


def _translated(printed: str, table: Table, words: Words) -> str:
    translations = table.translations if words.is_translated else {}
    return inert(translations.get(printed, printed))
