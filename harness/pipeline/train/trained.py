"""Trains a recipe's network, goes on with it, or finds it done; then packs it."""

from __future__ import annotations

from collections.abc import Callable

from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.curve import Curve
from harness.pipeline.train.opened_training import (
    OpenedTraining,
    Scoring,
    open_training,
)
from harness.pipeline.train.packed_training import Trained, pack_training
from harness.pipeline.train.training_folder import holding
from harness.train.loop import Progress, train
from harness.values.recipes import Recipe, RecipeBook

#: Refuses a training that would take too long.
Demand = Callable[[OpenedTraining, Asked], None]


def train_recipe(
    book: RecipeBook,
    recipe: Recipe,
    settings: Settings,
    asked: Asked,
    *,
    watcher: Watcher,
    scoring: Scoring = lambda network, device: None,
    demand: Demand = lambda opened, asked: None,
    told: Callable[[Progress], None] = lambda progress: None,
) -> Trained:
    """Follow a recipe to its end, or as far as is asked, and pack what came out.

    A training that was stopped goes on; one that is done is only packed. Two processes
    never train the same: the second waits, and finds it done.

    Args:
        book: has the recipe and all that it needs.
        recipe: to follow.
        settings: where things are, and what computes.
        asked: what shall be other than the recipe says.
        watcher: told of fetching, and of what is waited for.
        scoring: makes what evaluates the weights on the way.
        demand: is told the training before its first step; raises to prevent it.
        told: of every step.

    Raises:
        HarnessError: as :func:`open_training` and :func:`~harness.train.loop.train`;
            ``demand`` refuses; or the cache cannot be written.
    """
    opened = open_training(
        book, recipe, settings, asked, watcher=watcher, scoring=scoring
    )
    for note in opened.notes:
        watcher.noting(note)
    demand(opened, asked)
    curve = Curve()

    def watch(progress: Progress) -> None:
        curve.add(progress)
        told(progress)

    with holding(opened.folder, watcher.noting):
        state = train(opened.run, opened.folder, steps=asked.steps, watch=watch)
        return pack_training(opened, state, curve)
