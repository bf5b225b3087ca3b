"""Reads a zoo: its rows, joined with their archives, claims and errata."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.registry.block import Block, read_toml
from harness.registry.claims import read_claims
from harness.registry.errata import read_errata
from harness.registry.joins import (
    check_archives_are_known,
    join_archives,
    join_claims,
    unique_rows,
)
from harness.registry.lock import read_lock
from harness.registry.moves import Move, read_moves
from harness.registry.problems import noting
from harness.registry.seed_scores import join_seed_scores, read_seed_scores
from harness.registry.sources import MOVES_FILE, ZOO_FILE, ZooSources, find_sources
from harness.registry.table_file import TableFile, read_table
from harness.registry.tolerance import read_tolerance
from harness.values.pins import Pin
from harness.values.rows import Row, Zoo


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooReading:
    """What could be read of a zoo, and every reason why not all of it could."""

    zoo: Zoo
    archive_files: Mapping[str, str]  # archive name -> the file that declares it
    moves: tuple[Move, ...]
    pins: Mapping[str, Pin]
    problems: tuple[ZooDataError, ...]
    is_whole: bool  # every file could be read, if not every block of it
    lost: frozenset[str]  # rows and archives that could not be read


def open_zoo(name_or_path: str, *, home: Path | None = None) -> Zoo:
    """Return a zoo by its name in ``home``, or from anybody's own folder.

    Every call reads the files again. Loads neither Paddle nor numpy.

    Args:
        name_or_path: ``january-2020``, ``demo``, or the path of a folder of rows.
        home: the folder that holds ``cases/rows`` and ``expected``; found when None.

    Raises:
        UsageError: there is no such zoo.
        ZooDataError: its files are malformed or do not join; the first problem, and how
            many more there are.
    """
    reading = read_zoo(find_sources(name_or_path, home=home))
    if reading.problems:
        first, others = reading.problems[0], len(reading.problems) - 1
        if others:
            first.next_step = f"{others} more: `zoo check` lists them all"
        raise first
    return reading.zoo


def read_zoo(sources: ZooSources) -> ZooReading:
    """Return what could be read of a zoo, with every problem; raises none of them."""
    problems: list[ZooDataError] = []
    files = _read_tables(sources, problems)
    of_claims: list[ZooDataError] = []
    claims = read_claims(sources.claims, of_claims)
    problems += of_claims
    is_whole = len(files) == len(sources.tables) and bool(claims or not of_claims)
    joining: list[ZooDataError] = []
    moves = read_moves(sources.root / MOVES_FILE, problems)
    pins = read_lock(sources.lock, sources.lock_section, problems)
    rows = unique_rows(files, problems)
    archives = join_archives(files, moves, pins, problems)
    check_archives_are_known(rows, archives, joining)
    claims_of = join_claims(rows, claims, sources.claims.name, joining)
    seed_scores = join_seed_scores(
        rows,
        read_seed_scores(sources.seed_scores, problems),
        sources.seed_scores.name,
        joining,
    )
    lost = _lost_names(files, rows, of_claims)
    if is_whole:
        problems += [one for one in joining if not follows(one, lost)]
    zoo = Zoo(
        name=sources.name,
        title=_read_title(sources, problems),
        root=sources.root,
        tables=tuple(file.table for file in files),
        rows=rows,
        archives=archives,
        claims=claims_of,
        errata=read_errata(sources.errata, sources.errata_section, problems),
        tolerance=read_tolerance(
            sources.tolerance, sources.tolerance_section, problems
        ),
        seed_scores=seed_scores,
    )
    return ZooReading(
        zoo=zoo,
        archive_files={
            archive.name: f"{file.table.key}.toml"
            for file in files
            for archive in file.archives
        },
        moves=moves,
        pins=pins,
        problems=tuple(problems),
        is_whole=is_whole,
        lost=lost,
    )


def follows(problem: ZooDataError, lost: Collection[str]) -> bool:
    """Return whether a problem of a join follows from a block that was not read."""
    told = str(problem)
    return any(_names(told, name) for name in lost)


def _names(told: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", told) is not None


def _lost_names(
    files: Iterable[TableFile], rows: Iterable[Row], of_claims: Iterable[ZooDataError]
) -> frozenset[str]:
    """Return the names that do not join, where the reason is noted already.

    They are those of malformed blocks, of rows with a malformed claim, and of rows with
    an id that their fields do not make: their claims may be right.
    """
    told = " ".join(map(str, of_claims))
    lost = {name for file in files for name in file.lost}
    lost |= {row.row_id for row in rows if _names(told, row.row_id)}
    for row in rows:
        if row.row_id != row.id_by_fields:
            lost |= {row.row_id, row.id_by_fields}
    return frozenset(lost)


def _read_tables(sources: ZooSources, problems: list[ZooDataError]) -> list[TableFile]:
    """Return the table files in printed order."""
    if not sources.tables:
        problems.append(
            ZooDataError(
                f"{sources.root.name}: no table",
                expected="one TOML file per printed table",
                got="none",
            )
        )
    read = [read_table(path, sources.name, problems) for path in sources.tables]
    files = [file for file in read if file is not None]
    return sorted(files, key=lambda file: (file.table.order, file.table.key))


def _read_title(sources: ZooSources, problems: list[ZooDataError]) -> str:
    """Return the title in ``zoo.toml``, or the folder's name without that file."""
    path = sources.root / ZOO_FILE
    if path.exists():
        with noting(problems):
            block = Block(read_toml(path))
            with located(path.name):
                title = block.text("title")
                block.text("source", "")
                block.text("version", "")
                block.optional_date("date")
                block.text("edition_of", "")  # lint.editions reads it
                block.finish()
                return title
    return sources.name
