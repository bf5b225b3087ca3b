"""Finds what a recipe has made on this machine already."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.unpack import unpack
from harness.errors import ArchiveUnreadable, UsageError
from harness.files.digest import file_sha256
from harness.pipeline.train.recipe_digest import recipe_sha256
from harness.pipeline.train.training_folder import (
    DIGITS,
    tar_path,
    trainings_folder,
)
from harness.printable import first_few, printable
from harness.train.manifest import Manifest, read_manifest
from harness.values.recipes import Recipe, RecipeBook, RecipeId

LOGGER = logging.getLogger(__name__)

NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedBefore:
    """An archive that an earlier training made."""

    path: Path
    manifest: Manifest


def find_trained(cache: Path, book: RecipeBook, recipe: Recipe) -> TrainedBefore | None:
    """Return the finished training by a recipe as it is now; None where there is none.

    One with the recipe's own seed and batch comes before others. One that started from
    what an older recipe made here is none.

    Args:
        cache: has the trainings.
        book: has the recipe and all that it starts from.
        recipe: that was followed, or one that it is the same as.

    Raises:
        UsageError: there are several that nothing tells apart.
    """
    wanted = recipe_sha256(recipe)
    finished = [
        one
        for one in _trainings(cache, recipe)
        if one.manifest.recipe_sha256 == wanted
        and one.manifest.is_finished
        and not _is_outdated(cache, book, recipe, one)
    ]
    own = [
        one
        for one in finished
        if one.manifest.seed == recipe.seed
        and one.manifest.batch == recipe.schedule.batch
    ]
    chosen = own or finished
    if len(chosen) > 1:
        raise UsageError(
            f"{len(chosen)} trainings by {recipe.recipe_id} are finished",
            expected="one to start from",
            got=first_few([str(one.path) for one in chosen], NAMED, counts_rest=True),
            next_step="delete the folders of the others",
        )
    return chosen[0] if chosen else None


def _is_outdated(
    cache: Path, book: RecipeBook, recipe: Recipe, training: TrainedBefore
) -> bool:
    """Whether what it started or learnt from was made here by an older recipe.

    What made it may be gone, to save the disk: that says nothing.
    """
    used = {one.role: one.sha256 for one in training.manifest.origins}
    for origin in book.origins_of(recipe):
        if origin.recipe is None:
            continue
        earlier = book.recipes[origin.recipe]
        for one in _trainings(cache, earlier):
            if file_sha256(one.path) == used.get(origin.role) and (
                one.manifest.recipe_sha256 != recipe_sha256(earlier)
                or _is_outdated(cache, book, earlier, one)
            ):
                LOGGER.info(
                    "%s is no start: an older %s made its %s",
                    printable(training.path),
                    earlier.recipe_id,
                    origin.role,
                )
                return True
    return False


def _trainings(cache: Path, recipe: Recipe) -> list[TrainedBefore]:
    return [
        training for name in recipe.names for training in _trainings_of(cache, name)
    ]


def _trainings_of(cache: Path, recipe_id: RecipeId) -> list[TrainedBefore]:
    found = []
    folder = trainings_folder(cache, recipe_id)
    for one in sorted(folder.glob("[!.]*")):
        path = tar_path(one, recipe_id)
        if not path.is_file():
            continue
        try:
            inner = find_checkpoint_folder(unpack(path, cache), recipe_id.name)
            manifest = read_manifest(inner)
        except ArchiveUnreadable as refusal:
            LOGGER.info("%s is no start: %s", printable(path), refusal)
            continue
        if manifest is not None and manifest.subject_sha256[:DIGITS] == one.name:
            found.append(TrainedBefore(path=path, manifest=manifest))
    return found
