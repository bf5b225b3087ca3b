"""Reads the recipes of a zoo, with all that they start from."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import ZooDataError
from harness.printable import printable
from harness.registry.problems import noting
from harness.registry.recipe_fields import start_name
from harness.registry.recipe_file import RecipeFile, read_recipe_file
from harness.registry.recipe_joins import (
    archive_start_problems,
    join_recipes,
    place_of,
)
from harness.registry.sources import (
    ZooSources,
    find_sources,
    sources_beside,
    zoo_names,
)
from harness.registry.zoo import ZooReading, read_zoo
from harness.values.recipes import Recipe, RecipeBook, RecipeId
from harness.values.rows import Archive

LOGGER = logging.getLogger(__name__)


def open_recipes(name_or_path: str, *, home: Path) -> RecipeBook:
    """Return the recipes of a zoo by its name in ``home``, or from anybody's folder.

    Args:
        name_or_path: as for :func:`~harness.registry.zoo.open_zoo`.
        home: the folder that holds ``cases/rows`` and ``expected``.

    Raises:
        UsageError: there is no such zoo.
        ZooDataError: a recipe is malformed or does not join; the first problem, and how
            many more there are.
    """
    sources = find_sources(name_or_path, home=home)
    problems: list[ZooDataError] = []
    book = read_recipes(sources, read_zoo(sources), home, problems)
    if problems:
        first, others = problems[0], len(problems) - 1
        if others:
            first.next_step = f"{others} more: `zoo check` lists them all"
        raise first
    return book


def read_recipes(
    sources: ZooSources,
    reading: ZooReading,
    home: Path,
    problems: list[ZooDataError],
) -> RecipeBook:
    """Return what could be read of a zoo's recipes; what is wrong goes to ``problems``.

    Recipes of another zoo are read where one of this zoo names them. What is wrong with
    their files is told when that zoo is checked.

    Args:
        sources: the zoo; it need not have recipes.
        reading: what could be read of the zoo.
        home: the folder that holds the other zoos.
        problems: gets everything that is wrong.
    """
    shelf = _Shelf(sources=sources, home=home, readings={sources.name: reading})
    shelf.take(sources, problems)
    shelf.take_what_is_named()
    LOGGER.info(
        "recipes of zoo %s: %d in %s",
        printable(sources.name),
        sum(one.zoo == sources.name for one in shelf.files),
        printable(sources.recipes),
    )
    recipes = join_recipes(shelf.needed_files(), shelf.unread, problems)
    by_url: dict[tuple[str, str], Archive] = {}
    by_name: dict[tuple[str, str], Archive] = {}
    for recipe in list(recipes.values()):
        of_start: list[ZooDataError] = []
        zoo = shelf.readings[recipe.home_zoo]
        start = recipe.start
        if start.url is not None:
            archive = _archive_of(start.url, zoo)
            of_start += _address_problems(recipe, archive, zoo, by_url.values())
            by_url[recipe.home_zoo, start.url] = archive
        elif start.archive is not None:
            of_start += archive_start_problems(recipe, zoo.zoo)
            if start.archive in zoo.zoo.archives:
                by_name[recipe.home_zoo, start.archive] = zoo.zoo.archives[
                    start.archive
                ]
        if of_start:
            problems += [] if recipe.same_as else of_start
            del recipes[recipe.recipe_id]
    return RecipeBook(
        zoo=sources.name,
        recipes=recipes,
        refusals={
            one.name: file.why_not
            for one, file in shelf.files.items()
            if one.zoo == sources.name and file.why_not is not None
        },
        published={
            one: archives[one.name]
            for one in recipes
            if one.name in (archives := shelf.readings[one.zoo].zoo.archives)
        },
        by_url=by_url,
        by_name=by_name,
    )


@dataclass(kw_only=True)
class _Shelf:
    """The recipe files of a zoo and of the zoos that they name, each read once."""

    sources: ZooSources
    home: Path
    readings: dict[str, ZooReading]
    files: dict[RecipeId, RecipeFile] = field(default_factory=dict)
    unread: set[RecipeId] = field(default_factory=set)

    def take(self, sources: ZooSources, problems: list[ZooDataError]) -> None:
        """Read every recipe file of a zoo."""
        for path in sorted(sources.recipes.glob("[!.]*.toml")):
            self.unread.add(RecipeId(zoo=sources.name, name=path.stem))
            with noting(problems):
                file = read_recipe_file(path, sources.name)
                self.files[file.recipe_id] = file
                self.unread.discard(file.recipe_id)

    def take_what_is_named(self) -> None:
        """Read the other zoos that recipes name, until none names a further one."""
        others = self._others()
        while True:
            named = {
                one.zoo
                for file in self.files.values()
                for one in file.references.values()
                if one.zoo in others and one.zoo not in self.readings
            }
            if not named:
                break
            for zoo in sorted(named):
                self.readings[zoo] = read_zoo(others[zoo])
                self.take(others[zoo], [])

    def needed_files(self) -> dict[RecipeId, RecipeFile]:
        """Return the files of the zoo itself, and of other zoos what these need."""
        needed: dict[RecipeId, RecipeFile] = {}
        left = [one for one in self.files if one.zoo == self.sources.name]
        while left:
            recipe_id = left.pop()
            if recipe_id in self.files and recipe_id not in needed:
                needed[recipe_id] = self.files[recipe_id]
                left += needed[recipe_id].references.values()
        return needed

    def _others(self) -> Mapping[str, ZooSources]:
        of_home = {
            name: find_sources(name, home=self.home) for name in zoo_names(self.home)
        }
        beside = {one.name: one for one in sources_beside(self.sources)}
        return {**of_home, **beside}


def _archive_of(url: str, reading: ZooReading) -> Archive:
    """Return weights that no row has as an archive, with the zoo's moves and pin."""
    name = start_name(url)
    pin = reading.pins.get(name)
    return Archive(
        name=name,
        url=url,
        moves=tuple(one.url for one in reading.moves if one.archive == name),
        sha256=None if pin is None else pin.sha256,
        size_bytes=None if pin is None else pin.size_bytes,
    )


def _address_problems(
    recipe: Recipe,
    archive: Archive,
    reading: ZooReading,
    others: Iterable[Archive],
) -> list[ZooDataError]:
    """Return why an address makes no start: its name is that of something else."""
    if archive.name in reading.zoo.archives:
        got = f"{archive.name}, which is an [[archive]]"
    elif any(one.name == archive.name and one.url != archive.url for one in others):
        got = f"{archive.name}, which another recipe starts from at another address"
    else:
        return []
    return [
        ZooDataError(
            f"{place_of(recipe.recipe_id)}: field start.url",
            expected="an address whose last part names nothing else",
            got=got,
            next_step=f'write archive = "{archive.name}" for an archive of the zoo',
        )
    ]
