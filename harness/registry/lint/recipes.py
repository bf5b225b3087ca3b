"""Checks recipes against the rows whose archives they make."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from harness.errors import ZooDataError
from harness.registry.lint.recipe_headers import header_problems
from harness.registry.lint.rows import SCHEMES
from harness.registry.recipe_joins import place_of, rows_of
from harness.registry.sources import ZooSources
from harness.values.recipes import Recipe, RecipeBook, RecipeId
from harness.values.rows import Row, Zoo


def recipe_problems(
    zoo: Zoo, book: RecipeBook, sources: ZooSources
) -> Iterator[ZooDataError]:
    """Yield recipes that make something else than their rows have.

    A published zoo with recipes has one for each pruned or distilled YOLOv3, or says
    why not, and each has a header. Anybody's own zoo brings those that it likes.
    """
    if not sources.recipes.is_dir():
        return
    for name in book.refusals:
        if name not in zoo.archives:
            yield _of_nothing(RecipeId(zoo=zoo.name, name=name), zoo)
    used = _used_names(book)
    for recipe in book.own:
        place = place_of(recipe.recipe_id)
        rows = rows_of(recipe, zoo)
        name = recipe.recipe_id.name
        is_published = any(
            one in book.published and one.name == name for one in recipe.names
        )
        if not is_published and recipe.recipe_id not in used:
            yield _of_nothing(recipe.recipe_id, zoo)
        for row in rows[:1]:  # the others differ in their input size alone
            yield from _row_problems(recipe, row, place, is_own=sources.is_own)
        scheme = urlsplit(recipe.start.url or "file:").scheme
        if scheme not in SCHEMES and not recipe.same_as:
            yield ZooDataError(
                f"{place}: field start.url",
                expected=" or ".join(f"{one}:" for one in SCHEMES),
                got=recipe.start.url,
            )
        if not recipe.same_as:
            yield from header_problems(
                sources.recipes, recipe, zoo, is_own=sources.is_own
            )
    if not sources.is_own:
        yield from _missing_recipes(zoo, sources)


def start_names(book: RecipeBook) -> frozenset[str]:
    """Return the names of the weights that recipes of the zoo start from."""
    return frozenset(
        archive.name for (zoo, _), archive in book.by_url.items() if zoo == book.zoo
    )


def _used_names(book: RecipeBook) -> set[RecipeId]:
    """Return the recipes that another recipe of the zoo starts from or learns from."""
    starts = {one.start.recipe for one in book.own}
    teachers = {one.distillation.teacher for one in book.own if one.distillation}
    return {one for one in starts if one is not None} | teachers


def _of_nothing(recipe_id: RecipeId, zoo: Zoo) -> ZooDataError:
    return ZooDataError(
        f"{place_of(recipe_id)}: name of the file",
        expected=f"that of an [[archive]] of {zoo.name}, or one that a recipe needs",
        got=recipe_id.name,
        next_step="rename the file, or delete it",
    )


def _row_problems(
    recipe: Recipe, row: Row, place: str, *, is_own: bool
) -> Iterator[ZooDataError]:
    network = recipe.network
    pairs = {
        "network.architecture": (network.architecture, row.architecture),
        "network.backbone": (network.backbone, row.backbone),
        "network.num_classes": (network.num_classes, row.num_classes),
        "network.width": (network.width, row.width),
    }
    if not recipe.same_as:  # the same weights may be measured on other data
        pairs["data.dataset"] = (recipe.dataset, row.dataset)
    if not is_own:  # strategies of one's own have any name
        pairs["strategy"] = (recipe.strategy, row.strategy)
    for name, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield ZooDataError(
                f"{place}: field {name}",
                expected=f"{theirs}, as row {row.row_id} has",
                got=str(ours),
            )


def _missing_recipes(zoo: Zoo, sources: ZooSources) -> Iterator[ZooDataError]:
    written = {path.stem for path in sources.recipes.glob("*.toml")}
    wanted = dict.fromkeys(
        row.archive
        for row in zoo.rows
        if row.architecture == "yolov3" and row.markers & {"prune", "distill"}
    )
    for name in wanted:
        if name not in written:
            yield ZooDataError(
                f"{place_of(RecipeId(zoo=zoo.name, name=name))}: recipe",
                expected="one for each archive that is pruned or distilled",
                got="none",
                next_step='write it, or a file that says `why_not = "..."`',
            )
