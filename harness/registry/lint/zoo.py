"""Checks all files of a zoo, and how they join: ``zoo check``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from pathlib import Path

from harness.errors import ZooDataError, located
from harness.registry.block import read_toml
from harness.registry.dataset_pins import PINS_FOLDER, read_pins
from harness.registry.dataset_sources import SOURCES_FILE, read_dataset_sources
from harness.registry.datasets import read_known_datasets, read_own_datasets
from harness.registry.lint.editions import edition_problems, read_editions
from harness.registry.lint.errata import errata_problems, move_problems
from harness.registry.lint.figures import difference_problems, unit_problems
from harness.registry.lint.numbers import claim_problems, tolerance_problems
from harness.registry.lint.recipes import recipe_problems, start_names
from harness.registry.lint.rows import (
    archive_problems,
    row_problems,
    sharing_problems,
    table_problems,
)
from harness.registry.problems import noting
from harness.registry.recipes import read_recipes
from harness.registry.sources import (
    DATASETS_FILE,
    DEFAULT_SECTION,
    EMBEDDED_ZOO,
    WAIVERS_FILE,
    ZooSources,
    find_sources,
)
from harness.registry.waivers import read_waivers
from harness.registry.zoo import ZooReading, follows, read_zoo
from harness.values.rows import Zoo
from harness.values.waivers import Waiver


def lint_zoo(zoo_name: str, home: Path) -> tuple[str, ...]:
    """Return everything that is wrong with a zoo, a message each; none for a sound zoo.

    Each message names file, row and field, what was expected and what was found.
    Checked are rows, claims, errata, moves, tolerance and the archive lock; their joins
    in both directions; the tables against each other and against other editions; the
    recipes, with all that they start from; the waivers and dataset facts beside them.

    Args:
        zoo_name: a name in ``home``, or the path of anybody's own folder.
        home: the folder that holds ``cases/rows`` and ``expected``.

    Raises:
        UsageError: there is no such zoo.
    """
    sources = find_sources(zoo_name, home=home)
    reading = read_zoo(sources)
    zoo = reading.zoo
    of_editions: list[ZooDataError] = []
    editions = read_editions(sources, of_editions)
    if not reading.is_whole:  # the rest would tell what follows from that
        of_rest = row_problems(zoo, is_own=sources.is_own)
        return tuple(dict.fromkeys(map(str, (*reading.problems, *of_rest))))
    of_rows = tuple(row_problems(zoo, is_own=sources.is_own))
    of_files = (*reading.problems, *of_rows)
    of_recipes: list[ZooDataError] = []
    book = read_recipes(sources, reading, home, of_recipes)
    starts = start_names(book)
    problems = chain(
        reading.problems,
        table_problems(zoo),
        of_rows,
        archive_problems(zoo, reading.archive_files, is_own=sources.is_own),
        sharing_problems(zoo),
        claim_problems(zoo, sources.claims.name),
        difference_problems(zoo, sources.claims.name),
        unit_problems(zoo, sources.claims.name),
        of_editions,
        edition_problems(zoo, editions),
        errata_problems(zoo, reading.moves, sources.errata.name),
        move_problems(zoo, reading.moves, starts),
        tolerance_problems(zoo, sources.tolerance.name),
        _pin_problems(reading, starts, sources.lock.name),
        of_recipes,
        recipe_problems(zoo, book, sources),
        _shared_problems(sources, zoo),
    )
    messages = (
        str(problem)
        for problem in problems
        if problem in of_files or not follows(problem, reading.lost)
    )
    return tuple(dict.fromkeys(messages))


def _pin_problems(
    reading: ZooReading, starts: Collection[str], file_name: str
) -> Iterator[ZooDataError]:
    for name in reading.pins:
        if name not in reading.zoo.archives and name not in starts:
            yield ZooDataError(
                f"{file_name}: archive {name}",
                expected="the name of an [[archive]] of this zoo",
                got="no such archive",
            )


def _shared_problems(sources: ZooSources, zoo: Zoo) -> Iterable[ZooDataError]:
    """Return what is wrong in dataset facts, and in files that zoos share."""
    folder = sources.shared_folder
    problems: list[ZooDataError] = []
    read_own_datasets(zoo.root / DATASETS_FILE, problems)
    if folder is None:
        return problems
    waivers = read_waivers(folder / WAIVERS_FILE, problems)
    read_known_datasets(folder / DATASETS_FILE, problems)
    with noting(problems):
        read_dataset_sources(folder / SOURCES_FILE)
    for path in sorted((folder / PINS_FOLDER).glob("[!.]*.txt")):
        with noting(problems):
            read_pins(path)
    beside = (path for path in zoo.root.parent.iterdir() if path.is_dir())
    names = {*(path.name for path in beside), EMBEDDED_ZOO}
    problems += _waiver_problems(waivers, zoo, names)
    with_sections = {
        sources.errata: names,
        sources.tolerance: names | {DEFAULT_SECTION},
        sources.lock: names,
        folder / DATASETS_FILE: names,
    }
    for path, known in with_sections.items():
        if path.parent == folder and path.exists():
            problems += _section_problems(path, known)
    return problems


def _waiver_problems(
    waivers: Iterable[Waiver], zoo: Zoo, names: set[str]
) -> Iterator[ZooDataError]:
    row_ids = {row.row_id for row in zoo.rows}
    for waiver in waivers:
        place = f"{WAIVERS_FILE}: waiver of {waiver.row_id}"
        if waiver.zoo not in names:
            yield ZooDataError(
                f"{place}: field zoo",
                expected=" or ".join(sorted(names)),
                got=waiver.zoo,
            )
        elif waiver.zoo == zoo.name and waiver.row_id not in row_ids:
            yield ZooDataError(
                f"{place}: field row",
                expected=f"the id of a row of {zoo.name}",
                got="no such row",
            )


def _section_problems(path: Path, names: set[str]) -> list[ZooDataError]:
    """Note misspelt sections: their content would never be read."""
    problems: list[ZooDataError] = []
    sections: Iterable[str] = ()
    with noting(problems):
        sections = read_toml(path)
    for section in sections:
        if section not in names:
            with noting(problems), located(path.name):
                raise ZooDataError(
                    f"section {section}",
                    expected=" or ".join(sorted(names)),
                    got="a zoo that is not there",
                )
    return problems
