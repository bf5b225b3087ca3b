"""Opens the images that a recipe learns from, and checks their classes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from harness.dataset.datasets import DATASETS
from harness.dataset.digest_cache import FILE_NAME, DigestCache
from harness.dataset.training_set import TrainingSet
from harness.errors import DatasetMissing, located
from harness.pipeline.measure.dataset_classes import counted_classes, demand_classes
from harness.pipeline.measure.settings import Settings
from harness.values.datasets import KnownDataset
from harness.values.recipes import Recipe

LOGGER = logging.getLogger(__name__)


def open_training_set(
    recipe: Recipe, settings: Settings, *, noting: Callable[[str], None]
) -> TrainingSet:
    """Open and check the training set of a recipe under the data root.

    Digests of files that an earlier run computed spare their reading.

    Args:
        recipe: names the dataset.
        settings: say where it is and what is known of it.
        noting: told, a line, of kept digests that cannot be used.

    Raises:
        DatasetMissing: no data root, no such set under it, or none is read yet.
        DatasetInvalid: the set is there and malformed.
        WrongDataset: its classes are not the network's.
    """
    dataset = DATASETS.get(recipe.dataset)
    if dataset is None or dataset.open_training is None:
        trained_on = [name for name, one in DATASETS.items() if one.open_training]
        raise DatasetMissing(
            f"no reader for the training set of {recipe.dataset!r} in this version",
            expected=" or ".join(trained_on),
        )
    if settings.data_root is None:
        raise DatasetMissing(
            f"no data root to look for the training set of {recipe.dataset} in",
            next_step="give --data-root DIR or set ZOO_DATA_ROOT",
        )
    digests = DigestCache(settings.cache / FILE_NAME)
    if digests.damage is not None:
        noting(f"{FILE_NAME} of the cache is made anew: {digests.damage}")
    with located("training set"):
        training_set = dataset.open_training(settings.data_root, digests=digests)
        known = settings.known_datasets.get(recipe.dataset, KnownDataset())
        demand_classes(training_set, counted_classes(recipe.network.num_classes, known))
    digests.save()
    LOGGER.info(
        "training set %s: %d images, fingerprint %s",
        recipe.dataset,
        len(training_set.images),
        training_set.fingerprint,
    )
    return training_set
