"""Evaluates the weights of a training on the way, as an archive of them is measured."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from harness.errors import DatasetMissing
from harness.evaluate.detect import detect
from harness.evaluate.detector_run import Detector, DetectorRun, Failed
from harness.evaluate.metrics import metric_of
from harness.evaluate.store import DetectionStore
from harness.files.temporary import temporary_folder
from harness.model.detectors.opened_archive import OpenedArchive
from harness.model.networks.functions import NetworkFunction
from harness.model.paddle_run.device import Device
from harness.pipeline.measure.architectures import (
    Computing,
    open_detectors,
    view_of,
)
from harness.pipeline.measure.dataset_classes import classes_of, demand_classes
from harness.pipeline.measure.detected_rows import decoder_of
from harness.pipeline.measure.environment import describe_environment
from harness.pipeline.measure.judged_row import unread_images
from harness.pipeline.measure.opened_dataset import OpenedDataset, open_dataset
from harness.pipeline.measure.run_keys import store_key
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.train.saved_state import demand_finite_weights
from harness.values.array_digest import digest_arrays
from harness.values.datasets import KnownDataset
from harness.values.recipes import Recipe
from harness.values.records import Environment
from harness.values.rows import METRICS_OF_DATASET, Row, Zoo

LOGGER = logging.getLogger(__name__)

Weights = Mapping[str, NDArray[Any]]

IN_MEMORY = "in_memory"  # where a record names the layout of an archive


def scorer(
    zoo: Zoo,
    rows: Sequence[Row],
    settings: Settings,
    network: NetworkFunction,
    device: Device,
    *,
    watcher: Watcher | None = None,
) -> Callable[[Weights], float] | None:
    """Return what gives the AP of weights, in percent: the first metric of their rows.

    It is that which a measurement of the largest of the rows' input sizes gives, on
    all images: what a training keeps of it is compared with later ones, whatever limit
    they have. Nothing is kept but the number.

    Args:
        zoo: of the rows.
        rows: of the archive that is trained; of one dataset, and at least one.
        settings: say where the validation set is. Their limit is not heeded.
        network: that has the weights.
        device: that was opened for the training.
        watcher: told how far an evaluation is, and why there is none.

    Returns:
        None where nothing can be evaluated: the validation set is not there.

    Raises:
        DatasetInvalid: the validation set is malformed.
        WrongDataset: it has other classes.
        UsageError: what decodes its images is not installed.
    """
    watcher = watcher or Watcher()
    settings = replace(settings, limit=None)
    row, input_px = _largest(zoo, rows)
    try:
        dataset = open_dataset(row.dataset, settings, noting=watcher.noting)
    except DatasetMissing as refusal:
        watcher.noting(f"weights are not evaluated on the way: {refusal}")
        return None
    known = settings.known_datasets.get(row.dataset, KnownDataset())
    demand_classes(dataset.labelled, classes_of(row, known))
    environment = describe_environment(
        device, dataset=row.dataset, decoder=decoder_of(row)
    )
    LOGGER.info("weights are evaluated as %s at %d px", row.row_id, input_px)
    return _Scorer(
        row=row,
        input_px=input_px,
        settings=settings,
        network=network,
        device=device,
        dataset=dataset,
        environment=environment,
        watcher=watcher,
    )


def scoring_of(
    zoo: Zoo, recipe: Recipe, settings: Settings, watcher: Watcher
) -> Callable[[NetworkFunction, Device], Callable[[Weights], float] | None]:
    """Return what makes a scorer of a recipe's network on the device that trains it.

    Args:
        zoo: has the rows of the archive that the recipe makes.
        recipe: that is followed.
        settings: say where the validation set is.
        watcher: told how far an evaluation is, and why there is none.
    """
    rows = rows_of_recipe(zoo, recipe)

    def scoring(
        network: NetworkFunction, device: Device
    ) -> Callable[[Weights], float] | None:
        return scorer(zoo, rows, settings, network, device, watcher=watcher)

    return scoring


def rows_of_recipe(zoo: Zoo, recipe: Recipe) -> list[Row]:
    """Return the rows of the archive that a recipe makes.

    No row has the archive of a published baseline or teacher: it gets one here, at the
    largest size that the recipe trains at.
    """
    rows = [one for one in zoo.rows if one.archive == recipe.recipe_id.name]
    return rows or [_row_of(recipe)]


def _row_of(recipe: Recipe) -> Row:
    network = recipe.network
    row = Row(
        row_id="",
        zoo=recipe.recipe_id.zoo,
        table="",
        architecture=network.architecture,
        backbone=network.backbone,
        dataset=recipe.dataset,
        strategy=recipe.strategy,
        input_px=max(recipe.augmentation.sizes_px),
        archive=recipe.recipe_id.name,
        num_classes=network.num_classes,
        width=network.width,
    )
    return replace(row, row_id=row.id_by_fields)


def _largest(zoo: Zoo, rows: Sequence[Row]) -> tuple[Row, int]:
    """Return the row with the largest input size, as printed or corrected."""
    asked = [(one.input_px, row) for row in rows for one in zoo.runs_of(row)]
    input_px, row = max(asked, key=lambda pair: pair[0])
    return row, input_px


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scorer:
    """Detects on the validation set, and scores."""

    row: Row
    input_px: int
    settings: Settings
    network: NetworkFunction
    device: Device
    dataset: OpenedDataset
    environment: Environment
    watcher: Watcher

    def __call__(self, weights: Weights) -> float:
        """Return the AP of weights in percent.

        Raises:
            TrainingFailed: a weight is infinite or no number.
            HarnessError: what stopped the detection.
        """
        demand_finite_weights(weights, "weights to evaluate")
        labelled = self.dataset.labelled
        with temporary_folder("evaluation") as folder:
            (outcome,) = detect(
                labelled.images,
                [self._run(weights)],
                DetectionStore(folder),
                progress=lambda done, total: self.watcher.detecting(
                    self.dataset.name, done, total
                ),
            )
        if isinstance(outcome, Failed):
            raise outcome.error
        for line in unread_images(outcome.faults):
            self.watcher.noting(line)
        metric = metric_of(self.row.dataset, coco_engine=self.settings.coco_engine)
        scores = metric.score(outcome.detections, labelled.truth)
        return scores[METRICS_OF_DATASET[self.row.dataset][0]]

    def _run(self, weights: Weights) -> DetectorRun:
        opened = OpenedArchive(
            network=self.network, weights=weights, layout=IN_MEMORY, ignored_files=()
        )

        def open_detector() -> Detector:
            by = Computing(
                device=self.device,
                program_limits=self.settings.program_limits,
                largest_px=self.input_px,
            )
            detectors = open_detectors(self.row.architecture, opened, by)
            return detectors(self.row, self.input_px)

        return DetectorRun(
            key=store_key(
                self.row,
                input_px=self.input_px,
                archive_sha256=digest_arrays("weights", weights),
                dataset_fingerprint=self.dataset.labelled.fingerprint,
                environment=self.environment,
            ),
            view=view_of(self.row, self.input_px),
            open_detector=open_detector,
        )
