"""Plans a training: its images, steps, memory, disk and hours, before anything starts.

Nothing is downloaded, and no training set need be there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.dataset.datasets import DATASETS
from harness.dataset.digest_cache import FILE_NAME, DigestCache
from harness.errors import DatasetMissing, UsageError
from harness.model.networks.shapes import NetworkShapes, network_shapes
from harness.model.paddle_run.device import Device
from harness.pipeline.measure.opened_dataset import open_dataset
from harness.pipeline.measure.planned_archive import PlannedArchive, planned_archive
from harness.pipeline.measure.settings import Settings
from harness.pipeline.train.asked import Asked
from harness.pipeline.train.loader_workers import loader_workers
from harness.pipeline.train.opened_training import chain_of
from harness.pipeline.train.training_cost import TrainingCost, Work, time_training
from harness.train.array_file import ENTRY_BYTES
from harness.train.checkpoints import KEPT, steps_done
from harness.train.trial import Trial
from harness.values.datasets import KnownDataset
from harness.values.recipes import Recipe, RecipeBook, RecipeId
from harness.values.schedules import Schedule, schedule_at
from harness.values.training import TrainingImage

FLOAT32_BYTES = 4

#: Checkpoints on the disk at once, at most: the newest few, the best where it is older,
#: and the one that is being written. ``last`` is a second name.
MOST_CHECKPOINTS = KEPT + 2

#: Of an estimate, for the options that let it pass: the next one may be higher.
ROOM = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """What a training will take."""

    recipe_id: RecipeId
    image_count: int | None  # of the training set; None when it is not known
    is_there: bool  # the training set
    schedule: Schedule  # for the batch that is asked for
    first_step: int  # steps that are done already
    last_step: int  # before which it ends
    mixup_epochs: int
    archives: tuple[PlannedArchive, ...]  # of starts and teacher
    #: What it starts from and nobody publishes; each before what starts from it.
    trained_first: tuple[RecipeId, ...]
    checkpoint_bytes: int  # of one
    evaluated_images: int | None  # of one evaluation; None when it is not known
    device: Device | None  # None: nothing was timed
    cost: TrainingCost | None  # likewise

    @property
    def steps_left(self) -> int:
        """Steps that are to be done."""
        return max(0, self.last_step - self.first_step)

    @property
    def epochs(self) -> float | None:
        """Passes over the training set, from the first step of all to the last."""
        if self.image_count is None or self.image_count < self.schedule.batch:
            return None
        return self.last_step / (self.image_count // self.schedule.batch)

    @property
    def evaluations(self) -> int:
        """Evaluations to come: every so many steps, and after the last one."""
        every = self.schedule.save_every_steps
        if not self.steps_left:
            return 0
        whole = self.last_step // every - self.first_step // every
        return whole + (self.last_step % every > 0)

    @property
    def disk_bytes(self) -> int:
        """Of the checkpoints, while one is written."""
        return MOST_CHECKPOINTS * self.checkpoint_bytes

    @property
    def download_bytes(self) -> int | None:
        """Of the archives that are to come; None where a size is not known."""
        sizes = [one.size_bytes for one in self.archives if not one.is_cached]
        known = [one for one in sizes if one is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def training_hours(self) -> float | None:
        """Of the steps that are left; None where they were not timed."""
        if self.cost is None or self.cost.step_s is None:
            return None
        return self.steps_left * self.cost.step_s / 3600

    @property
    def evaluation_hours(self) -> float | None:
        """Of the networks in all evaluations; None where something is not known."""
        if self.cost is None or self.cost.forward_s is None:
            return None
        if self.evaluated_images is None:
            return None
        images = self.evaluations * self.evaluated_images
        return images * self.cost.forward_s / 3600

    @property
    def hours(self) -> float | None:
        """Of all that is known to come; None where the steps were not timed."""
        if self.training_hours is None:
            return None
        return self.training_hours + (self.evaluation_hours or 0.0)

    @property
    def memory_warning(self) -> str | None:
        """What to do where a step does not fit into memory; None where it does."""
        if self.cost is None or self.cost.largest_batch is None:
            return None
        most = self.cost.largest_batch
        if most >= self.schedule.batch:
            return None
        if not most:
            return "a step does not fit into memory, even of one image"
        return (
            f"a step of {self.schedule.batch} images does not fit into memory: "
            f"give --batch {most} or less"
        )


def plan_training(
    book: RecipeBook,
    recipe: Recipe,
    settings: Settings,
    asked: Asked,
    *,
    device: Device | None,
    folder: Path | None = None,
    images: Sequence[TrainingImage] | None = None,
) -> TrainingPlan:
    """Return what training by a recipe will take.

    Args:
        book: has the recipe.
        recipe: that is followed.
        settings: cache, data root, and what is known of the datasets.
        asked: steps and batch.
        device: that trains, and is timed; None: nothing is timed.
        folder: of the training, where one was begun: what it has done is not to come.
        images: of the training set, where it is open already.

    Raises:
        UsageError: the batch is none for the schedule.
        DatasetInvalid: a set is there and malformed.
        LimitReached: the trial of a step was ended, or takes too long.
        TrainingFailed: the folder cannot be read, or the trial crashed.
    """
    schedule = schedule_at(recipe.schedule, asked.batch or recipe.schedule.batch)
    if images is None:
        images = _images(recipe, settings)
    known = settings.known_datasets.get(recipe.dataset, KnownDataset())
    evaluated_images = known.image_count or _validation_images(recipe, settings)
    trial = trial_of(book, recipe)
    cost = None
    if device is not None:
        work = Work(
            trial=trial,
            chain=chain_of(recipe),
            batch=schedule.batch,
            images=images,
            is_evaluated=evaluated_images is not None,
        )
        cost = time_training(work, device, workers=loader_workers(device))
    return TrainingPlan(
        recipe_id=recipe.recipe_id,
        image_count=len(images) or known.training_image_count,
        is_there=bool(images),
        schedule=schedule,
        first_step=0 if folder is None else steps_done(folder),
        last_step=min(schedule.steps, asked.steps or schedule.steps),
        mixup_epochs=recipe.augmentation.mixup_epochs,
        archives=tuple(
            planned_archive(one, settings.cache) for one in book.archives_of(recipe)
        ),
        trained_first=_trained_first(book, recipe),
        checkpoint_bytes=checkpoint_bytes(network_shapes(trial.network)),
        evaluated_images=evaluated_images,
        device=device,
        cost=cost,
    )


def demand_hours(plan: TrainingPlan, max_hours: float) -> None:
    """Refuse a training that would take longer than it may.

    An estimate that is not known passes.

    Raises:
        UsageError: it is estimated at more.
    """
    if plan.hours is None or plan.hours <= max_hours:
        return
    assert plan.cost is not None
    assert plan.device is not None
    advice = [f"--max-hours {math.ceil(plan.hours * ROOM)}"]
    if plan.device.kind != "gpu":
        advice.insert(0, "--gpu")
    steps = _steps_within(plan, max_hours)
    if steps > plan.first_step:
        advice.append(f"--steps {steps}")
    raise UsageError(
        f"{plan.recipe_id}: training for {told_hours(plan.hours)}",
        expected=f"at most {max_hours:g} hours, by --max-hours",
        got=f"{plan.steps_left} steps of {plan.schedule.batch} images at "
        f"{told_seconds(plan.cost.step_s)} s on {plan.device.model}",
        next_step=f"give {', '.join(advice[:-1])} or {advice[-1]}"
        if len(advice) > 1
        else f"give {advice[0]}",
    )


def told_hours(hours: float | None) -> str:
    """Return hours as words, to a tenth, and large ones to two digits."""
    if hours is None:
        return "not known"
    if hours < 0.1:
        return "less than 0.1 hours"
    if hours < 100:
        return f"about {hours:.1f} hours"
    return f"about {round(hours, 1 - math.floor(math.log10(hours))):.0f} hours"


def told_seconds(seconds: float | None) -> str:
    """Return seconds to three digits, without an exponent."""
    return "not known" if seconds is None else f"{float(f'{seconds:.3g}'):g}"


def trial_of(book: RecipeBook, recipe: Recipe) -> Trial:
    """Return what is tried of a recipe: itself, and what its teacher is."""
    if recipe.distillation is None:
        return Trial(recipe=recipe)
    return Trial(recipe=recipe, teacher=book.recipes[recipe.distillation.teacher])


def checkpoint_bytes(shapes: NetworkShapes) -> int:
    """Return the bytes of a checkpoint: weights, and a velocity of what is trained."""
    variables = shapes.variables.values()
    kept = [math.prod(one.shape) for one in variables]
    kept += [math.prod(one.shape) for one in variables if one.is_trained]
    return FLOAT32_BYTES * sum(kept) + ENTRY_BYTES * len(kept)


def _steps_within(plan: TrainingPlan, max_hours: float) -> int:
    """Return the last step of a training that takes so long, with its evaluations."""
    shortest, longest = plan.first_step, plan.last_step
    while longest - shortest > 1:
        middle = (shortest + longest) // 2
        hours = replace(plan, last_step=middle).hours
        if hours is not None and hours * ROOM <= max_hours:
            shortest = middle
        else:
            longest = middle
    return shortest


def _images(recipe: Recipe, settings: Settings) -> Sequence[TrainingImage]:
    """Return the images of the training set; none when it is not there."""
    open_set = DATASETS[recipe.dataset].open_training
    if settings.data_root is None or open_set is None:
        return ()
    digests = DigestCache(settings.cache / FILE_NAME)
    try:
        images = open_set(settings.data_root, digests=digests).images
    except DatasetMissing:
        return ()
    digests.save()
    return images


def _validation_images(recipe: Recipe, settings: Settings) -> int | None:
    """Return how many images a set to measure on has; None when it is not there."""
    try:
        return open_dataset(recipe.dataset, settings).labelled.image_count
    except DatasetMissing:
        return None


def _trained_first(book: RecipeBook, recipe: Recipe) -> tuple[RecipeId, ...]:
    """Return the recipes to follow before one, in order; no published archive."""
    recipes: list[RecipeId] = []
    for origin in book.origins_of(recipe):
        if origin.archive is None and origin.recipe is not None:
            recipes += _trained_first(book, book.recipes[origin.recipe])
            recipes.append(origin.recipe)
    return tuple(dict.fromkeys(recipes))
