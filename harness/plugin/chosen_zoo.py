"""Opens the zoo of a session of pytest, and its recipes; each once."""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.registry.location import find_home
from harness.registry.recipes import open_recipes
from harness.registry.zoo import open_zoo
from harness.values import options
from harness.values.recipes import RecipeBook
from harness.values.rows import Zoo

_KEY = pytest.StashKey[Zoo]()
_RECIPES_KEY = pytest.StashKey[RecipeBook]()


def zoo_of(config: pytest.Config) -> Zoo:
    """Return the zoo of ``--zoo``, or the default one.

    Raises:
        pytest.UsageError: there is no such zoo, or its files are malformed.
    """
    if _KEY not in config.stash:
        try:
            config.stash[_KEY] = open_zoo(_name_of(config))
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[_KEY]


def recipes_of(config: pytest.Config) -> RecipeBook:
    """Return the recipes of that zoo.

    Raises:
        ZooDataError: a recipe is malformed.
    """
    if _RECIPES_KEY not in config.stash:
        book = open_recipes(_name_of(config), home=find_home())
        config.stash[_RECIPES_KEY] = book
    return config.stash[_RECIPES_KEY]


def _name_of(config: pytest.Config) -> str:
    return config.getoption(options.ZOO.field) or options.ZOO.default
