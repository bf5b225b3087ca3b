"""Opens a training: everything before its first step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harness.compress.paddleslim import import_paddleslim
from harness.dataset.training_set import TrainingSet
from harness.dataset.views import decoder_name
from harness.model.networks.functions import NetworkFunction
from harness.model.networks.shapes import network_shapes
from harness.model.paddle_run.device import Device, open_device
from harness.pipeline.measure.environment import paddle_version
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.loader_workers import loader_workers
from harness.pipeline.train.opened_origin import OpenedOrigin, open_origin
from harness.pipeline.train.opened_training_set import open_training_set
from harness.pipeline.train.recipe_digest import subject_sha256
from harness.pipeline.train.starting_state import starting_state
from harness.pipeline.train.trained_network import UNPRUNED, build_network
from harness.pipeline.train.training_folder import training_folder
from harness.train.architectures import objective_of
from harness.train.chain.batches import BatchSource
from harness.train.chain.chains import CHAINS, Chain
from harness.train.chain.loader import loaded_batches
from harness.train.loop import Run
from harness.train.manifest import OriginUsed
from harness.train.saved_state import Subject
from harness.train.step import Step, Teacher, TrainingState
from harness.values.recipes import Recipe, RecipeBook
from harness.values.schedules import Schedule, schedule_at
from harness.values.training import Batch

LOGGER = logging.getLogger(__name__)

#: What the chain reads every image with; key of ``views.DECODERS``.
DECODER = "opencv"

#: Of a network's weights: their AP in percent.
Score = Callable[[Mapping[str, NDArray[Any]]], float]
#: Of the trained network: what scores its weights on the way; None for nothing.
Scoring = Callable[[NetworkFunction, Device], Score | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTraining:
    """A training that is ready for its first step, or its next one."""

    recipe: Recipe
    schedule: Schedule  # for the batch
    seed: int
    run: Run
    folder: Path  # of its checkpoints and its archive
    device: Device
    runtime: Mapping[str, str]  # what the subject's digest says of what computes
    training_set: TrainingSet
    origins: tuple[OriginUsed, ...]
    network: NetworkFunction  # that is trained: pruned, if the recipe prunes
    notes: tuple[str, ...]  # what was taken, and what was left


def open_training(
    book: RecipeBook,
    recipe: Recipe,
    settings: Settings,
    asked: Asked,
    *,
    watcher: Watcher,
    scoring: Scoring = lambda network, device: None,
) -> OpenedTraining:
    """Open device, data and starting weights of a recipe, and check that they fit.

    What costs least is asked for first: nothing is fetched for a training that cannot
    be.

    Args:
        book: has the recipe and all that it needs.
        recipe: to follow.
        settings: where things are, and what computes.
        asked: what shall be other than the recipe says.
        watcher: told of fetching and of what the cache lacks.
        scoring: makes what evaluates the weights on the way.

    Raises:
        UsageError: PaddleSlim is missing, or the batch does not fit the schedule or
            the training set.
        DeviceMissing: the device does not compute.
        DatasetMissing: the training set is not there.
        DatasetInvalid: it is malformed.
        WrongDataset: it has other classes.
        ArchiveUnavailable: no source serves a start, and it was not trained here.
        WrongArchive: a start has not the pinned bytes.
        ArchiveUnreadable: it is another network.
    """
    network = build_network(recipe.network, recipe.pruning)
    schedule = schedule_at(
        recipe.schedule,
        recipe.schedule.batch if asked.batch is None else asked.batch,
    )
    seed = recipe.seed if asked.seed is None else asked.seed
    device = open_device(gpu=settings.gpu)
    if recipe.pruning is not None:
        import_paddleslim()
    training_set = open_training_set(recipe, settings, noting=watcher.noting)
    source = BatchSource(
        images=training_set.images,
        chain=chain_of(recipe),
        batch=schedule.batch,
        seed=seed,
    )
    opened = open_origins(book, recipe, settings, watcher)
    origins = tuple(one.used for one in opened.values())
    runtime = {
        "paddle": paddle_version(),
        "device": device.kind,
        "decoder": decoder_name(DECODER),
    }
    subject = Subject(
        recipe_sha256=subject_sha256(
            recipe,
            schedule,
            seed=seed,
            origins=origins,
            training_fingerprint=training_set.fingerprint,
            runtime=runtime,
        ),
        shapes={
            name: one.shape for name, one in network_shapes(network).variables.items()
        },
    )
    run = Run(
        subject=subject,
        schedule=schedule,
        seed=seed,
        batches_per_epoch=source.batches_per_epoch,
        batches=partial(_batches, source, loader_workers(device)),
        start=lambda: starting_state(recipe, seed, opened.get("start")),
        open_step=_opener(book, recipe, network, opened.get("teacher")),
        score=scoring(network, device),
    )
    LOGGER.info("training of %s: subject %s", recipe.recipe_id, subject.recipe_sha256)
    return OpenedTraining(
        recipe=recipe,
        schedule=schedule,
        seed=seed,
        run=run,
        folder=training_folder(settings.cache, recipe.recipe_id, subject.recipe_sha256),
        device=device,
        runtime=runtime,
        training_set=training_set,
        origins=origins,
        network=network,
        notes=tuple(one.told for one in opened.values()),
    )


def chain_of(recipe: Recipe) -> Chain:
    """Return the chain of a recipe, with its sizes and its epochs of mixup."""
    augmentation = recipe.augmentation
    return replace(
        CHAINS[augmentation.chain],
        mixup_epochs=augmentation.mixup_epochs,
        sizes_px=augmentation.sizes_px,
    )


def open_origins(
    book: RecipeBook, recipe: Recipe, settings: Settings, watcher: Watcher
) -> dict[str, OpenedOrigin]:
    """Return what a training starts from and learns from, by role."""
    opened: dict[str, OpenedOrigin] = {}
    for origin in book.origins_of(recipe):
        if origin.role == "start":
            network = recipe.network
            prunings = [UNPRUNED, *filter(None, [recipe.pruning])]
            is_backbone = recipe.start.url is not None
        else:
            assert recipe.distillation is not None
            teacher = book.recipes[recipe.distillation.teacher]
            network, is_backbone = teacher.network, False
            prunings = [teacher.pruning or UNPRUNED]
        opened[origin.role] = open_origin(
            origin,
            book,
            network,
            settings,
            prunings=prunings,
            is_backbone=is_backbone,
            watcher=watcher,
        )
    return opened


def _batches(
    source: BatchSource, workers: int, first: int, last: int
) -> Generator[Batch]:
    return loaded_batches(source, first, last, workers=workers)


def _opener(
    book: RecipeBook,
    recipe: Recipe,
    network: NetworkFunction,
    taught: OpenedOrigin | None,
) -> Callable[[TrainingState], Step]:
    objective = objective_of(recipe)
    teacher = None
    if taught is not None:
        assert recipe.distillation is not None
        by = book.recipes[recipe.distillation.teacher]
        teacher = Teacher(
            network=build_network(by.network, taught.pruning),
            weights=taught.weights,
            distillation=recipe.distillation.kind,
        )
    return lambda state: Step(
        network,
        state,
        objective,
        teacher=teacher,
        momentum=recipe.optimiser.momentum,
        decay=recipe.optimiser.weight_decay,
        bn_momentum=recipe.optimiser.bn_momentum,
        clip_norm=recipe.optimiser.clip_norm,
    )
