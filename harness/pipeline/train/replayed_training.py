"""Does a step again that stopped a training because its loss was no number."""

from __future__ import annotations

from pathlib import Path

from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.opened_training import open_training
from harness.train.failed_batch import read_failed_batch
from harness.train.replayed_step import replay
from harness.train.step import StepDone
from harness.values.recipes import Recipe, RecipeBook


def replay_training(
    book: RecipeBook,
    recipe: Recipe,
    settings: Settings,
    asked: Asked,
    path: Path,
    *,
    watcher: Watcher,
) -> StepDone:
    """Do the step of a kept batch again, and return its losses if they are numbers now.

    Args:
        book: has the recipe and all that it needs.
        recipe: that was followed.
        settings: as the training had them, the device too.
        asked: the seed and the batch that the training had.
        path: of what was kept.
        watcher: told of fetching.

    Raises:
        LossNotFinite: the very loss that stopped the training.
        HarnessError: as :func:`open_training`; or the file is damaged, or of another
            training.
    """
    opened = open_training(book, recipe, settings, asked, watcher=watcher)
    failed = read_failed_batch(path, opened.run.subject)
    return replay(failed, opened.run.open_step)
