"""Writes the sections of a page that are not its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import TypeVar

from harness.report.inert import inert, inert_code
from harness.report.markdown import render_table
from harness.report.words import Words
from harness.values.records import DatasetUsed, Record
from harness.values.rows import Erratum, Zoo

Part = TypeVar("Part")


def environments(records: Mapping[str, Record], words: Words) -> Iterator[str]:
    """Yield the section that says what computed the numbers."""
    yield f"## {words.environment_heading}"
    lines = []
    for environment, row_ids in _by_part(records, lambda one: one.environment):
        told = {name: inert(value) for name, value in asdict(environment).items()}
        other = words.other_runtime if environment.runtime else "PaddlePaddle {paddle}"
        line = words.environment.format(
            rows=words.rows(len(row_ids)), computed_by=other.format(**told), **told
        )
        lines.append(f"- {line}")
    yield "\n".join(lines) or words.no_environment


def errata(zoo: Zoo, words: Words) -> Iterator[str]:
    """Yield the section of errata with their evidence; nothing if there are none."""
    if not zoo.errata:
        return
    yield f"## {words.errata_heading}"
    for one in zoo.errata:
        yield f"### {inert(one.erratum_id)}"
        yield "\n".join(f"- {line}" for line in _erratum_lines(one, words))


def datasets(records: Mapping[str, Record], words: Words) -> Iterator[str]:
    """Yield the section of the datasets that were read, with their differences."""
    used = _by_part(records, lambda one: one.dataset)
    if not used:
        return
    yield f"## {words.datasets_heading}"
    yield "\n".join(
        line for dataset, row_ids in used for line in _dataset(dataset, row_ids, words)
    )


def archives(records: Mapping[str, Record], words: Words) -> Iterator[str]:
    """Yield the section of the archives that were opened, and who served them."""
    used = [archive for archive, _ in _by_part(records, lambda one: one.archive)]
    if not used:
        return
    used.sort(key=lambda one: (one.name, one.sha256, one.source))
    yield f"## {words.archives_heading}"
    yield render_table(
        words.archive_columns,
        [
            [
                inert(archive.name),
                inert(archive.source),
                str(archive.size_bytes),
                f"`{inert_code(archive.sha256)}`",
                inert(archive.layout),
                inert(archive.shape_plan),
            ]
            for archive in used
        ],
        ["left", "left", "right", "left", "left", "left"],
    )


def rows(zoo: Zoo, records: Mapping[str, Record], words: Words) -> Iterator[str]:
    """Yield the section of reasons and notes; nothing if no row has any."""
    lines = told_rows(zoo, records, words)
    if lines:
        yield f"## {words.notes_heading}"
        yield "\n".join(lines)


def told_rows(zoo: Zoo, records: Mapping[str, Record], words: Words) -> list[str]:
    """Return a line for each row that has a reason or notes, in printed order."""
    return [
        "- "
        + words.note.format(
            row=inert_code(row.row_id),
            verdict=words.verdicts[record.verdict],
            text=words.semicolon.join(told),
        )
        for row in zoo.rows
        if (record := records.get(row.row_id)) is not None
        and (told := [inert_line(one) for one in (record.reason, *record.notes) if one])
    ]


def _by_part(
    records: Mapping[str, Record], part_of: Callable[[Record], Part | None]
) -> list[tuple[Part, list[str]]]:
    """Return each distinct part with the ids of its rows, ordered by the first id."""
    groups: list[tuple[Part, list[str]]] = []
    for row_id, record in sorted(records.items()):
        part = part_of(record)
        if part is None:
            continue
        for known, row_ids in groups:
            if known == part:
                row_ids.append(row_id)
                break
        else:
            groups.append((part, [row_id]))
    return groups


def _erratum_lines(erratum: Erratum, words: Words) -> Iterator[str]:
    yield words.erratum.format(
        field=inert_code(erratum.field),
        printed=inert_code(erratum.printed),
        corrected=inert_code(erratum.corrected),
        rows=", ".join(f"`{inert_code(row_id)}`" for row_id in erratum.rows)
        or words.everywhere,
    )
    yield words.changes_run if erratum.changes_run else words.changes_nothing
    for evidence in erratum.evidence:
        yield words.evidence.format(evidence=inert_line(evidence))
    if erratum.note:
        yield inert_line(erratum.note)


def _dataset(dataset: DatasetUsed, row_ids: list[str], words: Words) -> Iterator[str]:
    yield "- " + words.dataset.format(
        name=inert_code(dataset.name),
        images=dataset.image_count,
        annotations=dataset.annotation_count,
        fingerprint=inert_code(dataset.fingerprint),
        rows=words.rows(len(row_ids)),
    )
    if dataset.limit is not None:
        yield "  - " + words.limited.format(limit=dataset.limit)
    elif not dataset.differences:
        yield f"  - {words.is_published_dataset}"
    for difference in dataset.differences:
        yield f"  - {inert_line(difference)}"


def inert_line(text: str) -> str:
    """Return the text inert, with every run of white space as one space."""
    return inert(" ".join(text.split()))
