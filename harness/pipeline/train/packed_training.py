"""Packs the weights of a training as an archive in the zoo's own layout."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.artifact.cache_entry import writing_cache
from harness.artifact.pack import pack_tar
from harness.errors import UsageError
from harness.files.atomic import replacing, write_bytes
from harness.files.own_folders import RESULT_FILE, writing
from harness.files.temporary import file_beside, folder_in
from harness.model.layouts.separate_files import write_weights
from harness.pipeline.measure.environment import describe_making
from harness.pipeline.train.curve import Curve
from harness.pipeline.train.opened_training import OpenedTraining
from harness.pipeline.train.recipe_digest import recipe_fields, recipe_sha256
from harness.pipeline.train.training_folder import TRAINED, tar_path
from harness.train.manifest import (
    FILE_NAME,
    FORMAT,
    Manifest,
    TrainingSetUsed,
    manifest_bytes,
)
from harness.train.saved_state import SavedState, demand_finite_weights
from harness.values.recipes import RecipeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """An archive that was made here."""

    recipe_id: RecipeId
    path: Path  # the tar
    sha256: str
    size_bytes: int
    steps: int
    of_steps: int
    seed: int
    folder: Path  # of the training
    manifest: Manifest


def pack_training(opened: OpenedTraining, state: SavedState, curve: Curve) -> Trained:
    """Pack the last weights and their manifest: the same training, the same bytes.

    The best weights lie beside, in ``best.npz``: choosing by the score on the very
    images that judge would flatter.

    Raises:
        TrainingFailed: a weight is infinite or no number: the loss of the last step
            was one, and the step led beyond.
        UsageError: the cache cannot be written.
    """
    demand_finite_weights(state.weights, "weights to pack")
    recipe_id = opened.recipe.recipe_id
    manifest = manifest_of(opened, state.position.step, curve)
    path = tar_path(opened.folder, recipe_id)
    with (
        writing_cache(opened.folder),
        folder_in(opened.folder, "packing") as beside,
    ):
        write_weights(beside, state.weights)
        write_bytes(beside / FILE_NAME, manifest_bytes(manifest))
        sha256 = pack_tar(beside, path, top=recipe_id.name)
    return Trained(
        recipe_id=recipe_id,
        path=path,
        sha256=sha256,
        size_bytes=path.stat().st_size,
        steps=manifest.steps,
        of_steps=manifest.of_steps,
        seed=opened.seed,
        folder=opened.folder,
        manifest=manifest,
    )


def demand_output(path: Path, cache: Path) -> None:
    """Refuse, before hours of training, a place that no archive can be copied to.

    What trainings keep in the cache is not written over.

    Raises:
        UsageError: the place cannot be written, or is among the cache's trainings.
    """
    if path.is_dir():
        raise UsageError(
            f"--output {path}",
            expected="the name of a file",
            got="a folder",
            next_step="give the name of the tar in it too",
        )
    trainings = (cache / TRAINED).resolve()
    if path.resolve().is_relative_to(trainings):
        raise UsageError(
            f"--output {path}",
            expected=f"a place outside {trainings}",
            got="one where trainings keep what they go on from",
            next_step="leave --output out: the archive lies there anyway",
        )
    with writing(path, RESULT_FILE):
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_beside(path):  # made, not asked for: modes say nothing to root
            pass


def copy_archive(trained: Trained, path: Path) -> None:
    """Copy the archive to where the user wants it, whole or not at all.

    Raises:
        UsageError: the place cannot be written.
    """
    with writing(path, RESULT_FILE), replacing(path) as beside:
        shutil.copyfile(trained.path, beside)


def manifest_of(opened: OpenedTraining, steps: int, curve: Curve) -> Manifest:
    """Return how the weights after some steps of a training were made."""
    recipe, training_set = opened.recipe, opened.training_set
    return Manifest(
        format=FORMAT,
        archive=recipe.recipe_id.name,
        recipe_id=str(recipe.recipe_id),
        recipe_sha256=recipe_sha256(recipe),
        recipe=recipe_fields(recipe),
        subject_sha256=opened.run.subject.recipe_sha256,
        seed=opened.seed,
        batch=opened.schedule.batch,
        steps=steps,
        of_steps=opened.schedule.steps,
        origins=opened.origins,
        training_set=TrainingSetUsed(
            dataset=recipe.dataset,
            split=recipe.split,
            fingerprint=training_set.fingerprint,
            image_count=len(training_set.images),
            listed_count=training_set.listed_count,
        ),
        versions=_versions(opened.runtime),
        device=opened.device.kind,
        device_model=opened.device.model,
        losses=curve.losses(steps),
        scores=curve.scores(steps),
        notes=opened.notes,
    )


def _versions(runtime: Mapping[str, str]) -> dict[str, str]:
    made = describe_making()
    return {
        "harness": made.harness,
        "commit": made.commit,
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
        "paddle": runtime["paddle"],
        "decoder": runtime["decoder"],
    }
