"""Pins the digests of a dataset's files in ``expected/``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import DatasetInvalid, UsageError
from harness.pipeline.measure.dataset_classes import class_faults
from harness.pipeline.measure.opened_dataset import open_dataset
from harness.pipeline.measure.settings import Settings
from harness.registry.dataset_pins import KEPT_DIGITS, DatasetPins, write_pins
from harness.registry.location import demand_checkout, pins_path
from harness.values.datasets import KnownDataset
from harness.values.rows import Row


def pin_dataset(
    name: str, settings: Settings, home: Path, *, rows: Sequence[Row] = ()
) -> Path:
    """Write down what the files of a published dataset are; return where.

    It must agree with all that is known of the published one: a pin is believed ever
    after. One that is to be replaced is deleted first, by hand.

    Args:
        name: the word that rows use.
        settings: say where it is and what is known of it.
        home: holds ``expected``.
        rows: of the zoo; those of the dataset must have its classes.

    Raises:
        UsageError: only a part of the dataset was asked for, or the pins are those of
            an installed package.
        DatasetMissing: it is not there, or there is no reader for it yet.
        DatasetInvalid: it is malformed, or it differs from the published one.
    """
    demand_checkout(home, "digests of a dataset's files")
    if settings.limit is not None:
        raise UsageError(
            "a part of a dataset cannot be pinned",
            expected="no --limit",
            next_step="leave it out",
        )
    opened = open_dataset(name, settings)
    known = settings.known_datasets.get(name, KnownDataset())
    of_dataset = [row for row in rows if row.dataset == name]
    differences = (
        *opened.differences,
        *class_faults(opened.labelled, of_dataset, known),
    )
    if differences:
        raise DatasetInvalid(
            f"{name} is not the published dataset",
            expected="no difference from what is known of it",
            got="; ".join(differences),
            next_step="fetch it again, or correct expected/datasets.toml",
        )
    files = {
        file: digest[:KEPT_DIGITS]
        for file, digest in opened.labelled.file_digests.items()
        if digest is not None
    }
    path = pins_path(home, name)
    pins = DatasetPins(
        fingerprint=opened.labelled.fingerprint,
        files=files,
        truth_sha256=opened.labelled.truth.sha256(),
    )
    write_pins(path, name, pins)
    return path
