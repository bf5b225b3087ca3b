"""Decides what is known of the datasets that a zoo was measured on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.dataset.datasets import DATASETS
from harness.pipeline.measure.embedded import read_embedded
from harness.registry.dataset_pins import read_pins
from harness.registry.datasets import read_known_datasets, read_own_datasets
from harness.registry.location import DATASET_FACTS, pins_path
from harness.registry.sources import DATASETS_FILE
from harness.values.datasets import KnownDataset
from harness.values.rows import Zoo

LOGGER = logging.getLogger(__name__)


def known_datasets(zoo: Zoo, home: Path) -> Mapping[str, KnownDataset]:
    """Return dataset -> what is known of it; an embedded zoo knows what it draws.

    A ``datasets.toml`` in the zoo's own folder comes before what ``home`` knows.

    Args:
        zoo: the edition.
        home: holds ``expected/datasets.toml``.

    Raises:
        ZooDataError: a file is malformed.
    """
    embedded = read_embedded(zoo)
    if embedded is not None:
        LOGGER.debug("datasets of %s: as it draws them", zoo.name)
        return {
            name: KnownDataset(
                fingerprint=one.fingerprint,
                truth_sha256=one.truth_sha256,
                class_names=DATASETS[name].drawn_classes,
            )
            for name, one in embedded.scenes.items()
        }
    own = zoo.root / DATASETS_FILE
    if own.is_file():
        LOGGER.debug("datasets of %s: known by %s", zoo.name, own)
        return read_own_datasets(own)
    known = read_known_datasets(home / DATASET_FACTS).get(zoo.name, {})
    return {name: _with_pins(one, pins_path(home, name)) for name, one in known.items()}


def _with_pins(known: KnownDataset, path: Path) -> KnownDataset:
    pins = read_pins(path)
    if pins is None:
        return known
    return replace(
        known,
        fingerprint=known.fingerprint or pins.fingerprint,
        truth_sha256=known.truth_sha256 or pins.truth_sha256,
        files=pins.files,
    )
