"""Trains a recipe's network, goes on with it, or finds it done; then packs it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.curve import Curve
from harness.pipeline.train.observed import watching
from harness.pipeline.train.opened_training import (
    OpenedTraining,
    Scoring,
    open_training,
)
from harness.pipeline.train.packed_training import Trained, pack_training
from harness.pipeline.train.training_folder import holding
from harness.pipeline.train.training_plan import demand_hours, plan_training
from harness.train.checkpoints import steps_done
from harness.train.loop import Progress, train
from harness.values.recipes import Recipe, RecipeBook

LOGGER = logging.getLogger(__name__)

#: Seconds of an image, more than any network of ours takes: ResNet50-vd-dcn with its
#: teacher took 4.2 on two cores, in the mean over its sizes.
MOST_IMAGE_S = 20.0
#: Pixels of a step that fits into every memory: that network took 1.3 GB for as many.
SMALL_STEP_PX = 500_000
HOUR_S = 3600

#: Refuses a training that would take too long.
Demand = Callable[[RecipeBook, OpenedTraining, Settings, Asked, Watcher], None]


def demand_time(
    book: RecipeBook,
    opened: OpenedTraining,
    settings: Settings,
    asked: Asked,
    watcher: Watcher,
) -> None:
    """Refuse a training whose estimate is above the hours that are asked.

    A step that does not fit into memory is told, and tried: the estimate may be wrong.
    What is short and small whatever computes is not estimated at all.

    Raises:
        UsageError: it would take longer.
        TrainingFailed: a trial of a step crashed.
    """
    schedule = opened.schedule
    last = min(schedule.steps, asked.steps or schedule.steps)
    steps = last - steps_done(opened.folder)
    if steps <= 0:
        return
    step_px = schedule.batch * max(opened.recipe.augmentation.sizes_px) ** 2
    if is_short_and_small(steps * schedule.batch, step_px, asked.max_hours):
        return
    plan = plan_training(
        book,
        opened.recipe,
        settings,
        asked,
        device=opened.device,
        folder=opened.folder,
        images=opened.training_set.images,
    )
    if plan.memory_warning is not None:
        watcher.noting(plan.memory_warning)
    demand_hours(plan, asked.max_hours)


def is_short_and_small(images: int, step_px: int, max_hours: float) -> bool:
    """Whether a training ends in time and fits, on any machine; no trial is needed.

    Args:
        images: that are left to train on.
        step_px: pixels of all images of a step, at the largest size.
        max_hours: that the training may take.
    """
    is_short = images * MOST_IMAGE_S <= max_hours * HOUR_S
    return is_short and step_px <= SMALL_STEP_PX


def train_recipe(
    book: RecipeBook,
    recipe: Recipe,
    settings: Settings,
    asked: Asked,
    *,
    watcher: Watcher,
    scoring: Scoring = lambda network, device: None,
    demand: Demand = demand_time,
) -> Trained:
    """Follow a recipe to its end, or as far as is asked, and pack what came out.

    A training that was stopped goes on; one that is done is only packed. Two processes
    never train the same: the second waits, and finds it done.

    Args:
        book: has the recipe and all that it needs.
        recipe: to follow.
        settings: where things are, and what computes.
        asked: what shall be other than the recipe says.
        watcher: told of every step, of fetching, and of what is waited for.
        scoring: makes what evaluates the weights on the way.
        demand: is told the training before its first step; raises to prevent it.

    Raises:
        HarnessError: as :func:`open_training` and :func:`~harness.train.loop.train`;
            ``demand`` refuses; or the cache cannot be written.
    """
    opened = open_training(
        book, recipe, settings, asked, watcher=watcher, scoring=scoring
    )
    for note in opened.notes:
        watcher.noting(note)
    demand(book, opened, settings, asked, watcher)
    with holding(opened.folder, watcher.noting):
        curve = Curve(folder=opened.folder, schedule=opened.schedule)

        def tell(progress: Progress) -> None:
            curve.add(progress)
            watcher.training(recipe.recipe_id.name, progress)

        watch = watching(
            opened.folder,
            title=f"{recipe.recipe_id}, seed {opened.seed}",
            telling=tell,
            noting=watcher.noting,
        )
        state = train(opened.run, opened.folder, steps=asked.steps, watch=watch)
        done = state.position.step
        if asked.steps is not None and done > asked.steps:
            watcher.noting(f"{done} steps are done already, of {asked.steps} asked for")
        return pack_training(opened, state, curve)
