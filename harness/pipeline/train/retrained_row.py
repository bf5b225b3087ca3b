"""Measures a row from an archive that is trained here, as from a published one."""

from __future__ import annotations

from collections.abc import MutableMapping
from copy import copy
from dataclasses import replace

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.transfer import Progress
from harness.artifact.unpack import unpack
from harness.compare.retrained import retrained_zoo
from harness.errors import HarnessError, located
from harness.model.detectors.architectures import open_archive
from harness.pipeline.measure.embedded import with_training_scenes
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.opened_row import OpenedRow, doubted_strategies
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.told_places import places_of, told_record
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.asked_recipe import recipe_of_archive
from harness.pipeline.train.evaluated_weights import scoring_of
from harness.pipeline.train.packed_training import Trained
from harness.pipeline.train.trained import train_recipe
from harness.train.manifest import FILE_NAME, Manifest
from harness.values.recipes import RecipeBook
from harness.values.records import ArchiveUsed, Record, Verdict
from harness.values.rows import Row, Zoo

#: Verdicts that speak of the claim: those of a training cut short do not.
JUDGED = frozenset(
    {
        Verdict.REPRODUCED,
        Verdict.REPRODUCED_WITH_ERRATUM,
        Verdict.LOWER,
        Verdict.HIGHER,
    }
)


def retrain_row(
    zoo: Zoo,
    book: RecipeBook,
    row: Row,
    settings: Settings,
    asked: Asked,
    *,
    watcher: Watcher,
    refused: MutableMapping[str, HarnessError] | None = None,
) -> Record:
    """Train the archive of a row by its recipe, measure the row from it, and judge it.

    What stops it becomes the verdict of the record, as in ``measure_rows``. Dataset
    and device are opened before anything is trained.

    Args:
        zoo: has the row.
        book: the zoo's recipes.
        row: to be measured.
        settings: where things are, and what computes; the records folder is that of
            rows that are trained again.
        asked: what shall be other than the recipe says. A training that it cuts short
            is ``partial``.
        watcher: told how far it is.
        refused: archives of this session whose training was refused, and how: it is
            not tried again for another row of theirs. Gets this one if it is refused.

    Raises:
        Exception: an error that is no refusal, if the settings say ``debug``.
    """
    trainings: list[Trained] = []
    refused = {} if refused is None else refused

    def open_it(
        zoo: Zoo,
        row: Row,
        settings: Settings,
        *,
        progress: Progress | None,  # noqa: ARG001 - nothing of the row is fetched
    ) -> OpenedRow:
        if row.archive in refused:
            raise copy(refused[row.archive])
        recipe = recipe_of_archive(book, row.archive)
        try:
            data = with_training_scenes(zoo, settings, {recipe.dataset})
            made = train_recipe(
                book,
                recipe,
                data,
                asked,
                watcher=watcher,
                scoring=scoring_of(zoo, recipe, settings, watcher),
            )
        except HarnessError as refusal:
            refused[row.archive] = copy(refusal)  # its place is added further out
            raise
        trainings.append(made)
        return open_trained_row(zoo, row, settings, trainings[0])

    (record,) = measure_rows(
        retrained_zoo(zoo, zoo.seed_scores),
        [row],
        settings,
        watcher=watcher,
        opening=open_it,
    )
    if not trainings:
        return record
    return told_record(_with_training(record, trainings[0]), places_of(settings))


def open_trained_row(
    zoo: Zoo, row: Row, settings: Settings, trained: Trained
) -> OpenedRow:
    """Unpack and read an archive that was trained here as that of a row.

    Raises:
        ArchiveUnreadable: it is not the row's network.
    """
    folder = unpack(trained.path, settings.cache)
    with located(trained.path.name):
        opened = open_archive(
            find_checkpoint_folder(folder, row.archive),
            row,
            doubted_strategies(zoo, row),
        )
    used = ArchiveUsed(
        name=row.archive,
        source=f"trained by {trained.recipe_id}, seed {trained.seed}, "
        f"{trained.steps} of {trained.of_steps} steps",
        sha256=trained.sha256,
        size_bytes=trained.size_bytes,
        layout=opened.layout,
        shape_plan=opened.pruning,
        ignored_files=tuple(one for one in opened.ignored_files if one != FILE_NAME),
    )
    return OpenedRow(row=row, opened=opened, used=used)


def _with_training(record: Record, trained: Trained) -> Record:
    """Return a record that tells how its archive was made, and whether to the end."""
    noted = replace(record, notes=(*record.notes, *_notes(trained.manifest)))
    if trained.manifest.is_finished or record.verdict not in JUDGED:
        return noted
    return replace(
        noted,
        verdict=Verdict.PARTIAL,
        reason=f"trained for {trained.steps} of {trained.of_steps} steps alone",
    )


def _notes(manifest: Manifest) -> tuple[str, ...]:
    recipe = f"recipe {manifest.recipe_id}, sha256 {manifest.recipe_sha256}"
    origins = (
        f"{one.role} {one.archive}: {one.source}, sha256 {one.sha256}"
        for one in manifest.origins
    )
    return (f"{recipe}, batch {manifest.batch}", *origins)
