"""Trains the demo's networks by its recipes, each after those that it starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.model.layouts.opened_folder import open_folder
from harness.model.networks.shapes import network_shapes
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.trained import train_recipe
from harness.pipeline.train.trained_network import build_network
from harness.train.loop import Progress
from harness.values.recipes import Recipe, RecipeBook

Arrays = Mapping[str, NDArray[Any]]


def train_archives(
    book: RecipeBook,
    settings: Settings,
    *,
    training: Callable[[str, Progress], None],
    telling: Callable[[str], None],
) -> dict[str, Arrays]:
    """Return the weights that each recipe of a zoo makes, by its name.

    Nothing published of the zoo is started from: it is what is being made.

    Args:
        book: the recipes.
        settings: cache of the trainings, data root, mirror of what no recipe makes.
        training: told of each step, with the name of the recipe.
        telling: told what begins, and what a training takes.
    """
    unpublished = replace(book, published={})
    watcher = Watcher(noting=telling, training=training)
    weights: dict[str, Arrays] = {}
    for recipe in recipes_in_order(book):
        name = recipe.recipe_id.name
        telling(f"training {name}")
        weights[name] = _trained(unpublished, recipe, settings, watcher)
    for recipe in book.own:
        weights[recipe.recipe_id.name] = weights[recipe.names[-1].name]
    return weights


def recipes_in_order(book: RecipeBook) -> list[Recipe]:
    """Return the recipes of a zoo, each after those that it starts and learns from.

    One that is the same as another is left out.
    """
    left = {one.recipe_id: one for one in book.own if not one.same_as}
    ordered: list[Recipe] = []
    while left:
        ready = [
            one
            for one in left.values()
            if not any(origin.recipe in left for origin in book.origins_of(one))
        ]
        ordered += ready
        left = {name: one for name, one in left.items() if one not in ready}
    return ordered


def _trained(
    book: RecipeBook,
    recipe: Recipe,
    settings: Settings,
    watcher: Watcher,
) -> Arrays:
    """Return the weights of a training, as its archive has them."""
    made = train_recipe(
        book,
        recipe,
        settings,
        Asked(),
        watcher=watcher,
        demand=lambda *_: None,  # whoever makes the demo has the time
    )
    network = network_shapes(build_network(recipe.network, recipe.pruning))
    name = recipe.recipe_id.name
    folder = find_checkpoint_folder(unpack(made.path, settings.cache), name)
    _, source = open_folder(folder, tuple(network.variables))
    return {one: source.read(one) for one in network.variables}
