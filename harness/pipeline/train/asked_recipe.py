"""Finds the recipe that a user asked for, by its name or by the id of a row."""

from __future__ import annotations

from difflib import get_close_matches

from harness.errors import ArchiveUnavailable, UsageError
from harness.values.recipes import Recipe, RecipeBook, RecipeId
from harness.values.rows import Zoo

#: How many names like the given one a message tells.
NEAR = 3


def asked_recipe(zoo: Zoo, book: RecipeBook, name: str) -> Recipe:
    """Return the recipe of a name: its own, or the id of a row whose archive it makes.

    Raises:
        UsageError: nothing is called so; names like it are told.
        ArchiveUnavailable: it is an archive or a row, and there is no recipe for it.
    """
    archives = {row.row_id: row.archive for row in zoo.rows}
    own = [one.recipe_id.name for one in book.own]
    if name in archives:
        return recipe_of_archive(book, archives[name])
    if name in own or name in zoo.archives or name in book.refusals:
        return recipe_of_archive(book, name)
    near = get_close_matches(name, [*own, *archives], n=NEAR)
    raise UsageError(
        f"no recipe {name!r} in {zoo.name}",
        expected="the name of a recipe, or the id of a row",
        got=f"near it are {', '.join(near)}"
        if near
        else f"nothing like it; recipes are {', '.join(own) or 'none'}",
        next_step="`zoo list` with the same --zoo shows rows and archives",
    )


def recipe_of_archive(book: RecipeBook, archive: str) -> Recipe:
    """Return the recipe that makes an archive of the book's zoo.

    Raises:
        ArchiveUnavailable: there is none; the reason is told where one is written.
    """
    recipe = book.recipes.get(RecipeId(zoo=book.zoo, name=archive))
    if recipe is None:
        raise ArchiveUnavailable(
            f"no recipe makes {archive} of {book.zoo}",
            got=book.refusals.get(archive),
            next_step=None
            if archive in book.refusals
            else f"write {archive}.toml among the zoo's recipes",
        )
    return recipe
