"""Joins the rows, archives and claims of a zoo, and notes what does not join."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.errors import ZooDataError
from harness.registry.moves import Move
from harness.registry.table_file import TableFile
from harness.values.pins import Pin
from harness.values.rows import (
    DIFFERENCE_METRICS,
    METRICS_OF_DATASET,
    STRUCTURE_METRICS,
    Archive,
    Claim,
    Row,
)

#: What any row may claim beside its APs, in the order it is told.
FIGURES = (*STRUCTURE_METRICS, *DIFFERENCE_METRICS)


def unique_rows(
    files: Sequence[TableFile], problems: list[ZooDataError]
) -> tuple[Row, ...]:
    """Return the rows in printed order, each id once."""
    rows: dict[str, Row] = {}
    for row in (row for file in files for row in file.rows):
        first = rows.setdefault(row.row_id, row)
        if first is not row:
            problems.append(
                ZooDataError(
                    f"{row.table}.toml: row {row.row_id}: field id",
                    expected="each id once in a zoo",
                    got=f"it again, first in {first.table}.toml",
                )
            )
    return tuple(rows.values())


def join_archives(
    files: Sequence[TableFile],
    moves: Sequence[Move],
    pins: Mapping[str, Pin],
    problems: list[ZooDataError],
) -> dict[str, Archive]:
    """Return the archives by name, each with its moves and its pinned digest."""
    archives: dict[str, Archive] = {}
    for file in files:
        for archive in file.archives:
            if archive.name in archives:
                problems.append(
                    ZooDataError(
                        f"{file.table.key}.toml: archive {archive.name}: field name",
                        expected="each archive declared once in a zoo",
                        got="it again",
                    )
                )
                continue
            pin = pins.get(archive.name)
            archives[archive.name] = replace(
                archive,
                moves=tuple(one.url for one in moves if one.archive == archive.name),
                sha256=None if pin is None else pin.sha256,
                size_bytes=None if pin is None else pin.size_bytes,
            )
    return archives


def check_archives_are_known(
    rows: Iterable[Row],
    archives: Mapping[str, Archive],
    problems: list[ZooDataError],
) -> None:
    """Note every row whose archive no table declares."""
    problems += [
        ZooDataError(
            f"{row.table}.toml: row {row.row_id}: field archive",
            expected="the name of an [[archive]] of this zoo",
            got=row.archive,
        )
        for row in rows
        if row.archive not in archives
    ]


def join_claims(
    rows: Sequence[Row],
    claims: Iterable[Claim],
    file_name: str,
    problems: list[ZooDataError],
) -> dict[str, tuple[Claim, ...]]:
    """Return the claims by row id, in metric order, and note rows without all APs."""
    by_row: dict[str, dict[str, Claim]] = {row.row_id: {} for row in rows}
    metrics_of = {row.row_id: METRICS_OF_DATASET[row.dataset] for row in rows}
    for claim in claims:
        if claim.row_id not in by_row:
            problems.append(
                ZooDataError(
                    f"{file_name}: claim {claim.row_id}: field row",
                    expected="the id of a row of this zoo",
                    got="no such row",
                )
            )
        elif claim.metric not in (*metrics_of[claim.row_id], *FIGURES):
            problems.append(
                ZooDataError(
                    f"{file_name}: claim {claim.row_id}: field metric",
                    expected=" or ".join(metrics_of[claim.row_id]),
                    got=claim.metric,
                )
            )
        else:
            by_row[claim.row_id][claim.metric] = claim
    for row in rows:
        missing = [
            one for one in metrics_of[row.row_id] if one not in by_row[row.row_id]
        ]
        if missing:
            problems.append(
                ZooDataError(
                    f"{file_name}: row {row.row_id} of {row.table}.toml: field metric",
                    expected="a claim for " + ", ".join(metrics_of[row.row_id]),
                    got="none for " + ", ".join(missing),
                )
            )
    return {
        row_id: tuple(
            found[one] for one in (*metrics_of[row_id], *FIGURES) if one in found
        )
        for row_id, found in by_row.items()
    }
